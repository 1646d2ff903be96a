using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal;
using Btmm.Core.NatTraversal.Auto;
using Btmm.TestKit;

namespace Btmm.Core.Tests.NatTraversal.Quirks;

/// <summary>The end of a mapper while its gateway is silent and several operations wait.</summary>
public sealed class DisposalTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData(null)]
    [InlineData(PortMappingMethod.NatPmp)]
    [InlineData(PortMappingMethod.Pcp)]
    [InlineData(PortMappingMethod.Igd)]
    public async Task Dispose_OperationsWaitForASilentGateway_AllEndAndNothingIsSentAfterwards(PortMappingMethod? method)
    {
        await using QuirkLab lab = new(method, new FakeGatewayQuirks { Silent = true });
        IPortMapper mapper = new PortMapperFactory(lab.Services, method).Open(lab.Route);
        Task[] calls =
        [
            mapper.QueryAsync(ExchangeEffort.Thorough, CancellationToken.None),
            mapper.MapAsync(QuirkLab.Request, ExchangeEffort.Thorough, CancellationToken.None),
            mapper.QueryAsync(ExchangeEffort.Thorough, CancellationToken.None),
        ];
        await lab.Clock.RunForAsync(TimeSpan.FromSeconds(1));
        await mapper.DisposeAsync();
        foreach (Task call in calls)
        {
            Exception? end = await Record.ExceptionAsync(() => call.WaitAsync(s_limit));
            Assert.True(end is ObjectDisposedException or BtmmException, $"{end}");
        }

        int sent = lab.Wire.Sent.Count;
        await Assert.ThrowsAsync<ObjectDisposedException>(
            () => mapper.QueryAsync(ExchangeEffort.Thorough, CancellationToken.None).WaitAsync(s_limit));
        await lab.Clock.RunForAsync(TimeSpan.FromMinutes(1));
        Assert.Equal(sent, lab.Wire.Sent.Count);
    }
}
