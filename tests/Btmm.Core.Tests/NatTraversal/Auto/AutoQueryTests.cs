using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal;
using Btmm.Core.NatTraversal.Auto;

namespace Btmm.Core.Tests.NatTraversal.Auto;

/// <summary>Which of three methods is asked when, and what their answers and silences amount to.</summary>
public sealed class AutoQueryTests
{
    private readonly AutoFixture _lab = new();

    [Fact]
    public async Task Query_AllAnswer_PcpWinsAloneAndNothingIsMapped()
    {
        await using AutoPortMapper auto = _lab.Open();
        GatewayAnswer answer = await QueryAsync(auto);
        Assert.Equal(PortMappingMethod.Pcp, answer.Method);
        Assert.Equal((1, 0, 0), Queries());
        Assert.Equal(0, _lab.Mappings);
    }

    [Theory]
    [InlineData(150, PortMappingMethod.NatPmp, 101)]
    [InlineData(99, PortMappingMethod.Pcp, 99)]
    public async Task Query_PcpSlow_NatPmpGetsItsChanceAfterAHeadStart(int pcpMilliseconds, PortMappingMethod winner, int milliseconds)
    {
        _lab.Pcp.Delay = TimeSpan.FromMilliseconds(pcpMilliseconds);
        await using AutoPortMapper auto = _lab.Open();
        Assert.Equal(winner, (await QueryAsync(auto)).Method);
        Assert.Equal(milliseconds, _lab.Clock.Elapsed.TotalMilliseconds, 2.0);
    }

    [Fact]
    public async Task Query_OnlyIgd_AnswersAfterTheHeadStarts()
    {
        _lab.Pcp.Deaf = _lab.NatPmp.Deaf = true;
        await using AutoPortMapper auto = _lab.Open();
        Assert.Equal(PortMappingMethod.Igd, (await QueryAsync(auto)).Method);
        Assert.Equal(251, _lab.Clock.Elapsed.TotalMilliseconds, 2.0);
    }

    [Fact]
    public async Task Query_PortClosed_NextIsAskedAtOnce()
    {
        _lab.Pcp.QueryFailure = _lab.NatPmp.QueryFailure = BtmmErrorReason.PortMappingUnsupported;
        await using AutoPortMapper auto = _lab.Open();
        Assert.Equal(PortMappingMethod.Igd, (await QueryAsync(auto)).Method);
        Assert.Equal(3, _lab.Clock.Elapsed.TotalMilliseconds, 2.0);
    }

    [Fact]
    public async Task Query_MethodRemembered_OthersAreNotAsked()
    {
        _lab.Memory.NoteMethod(new(_lab.Route.Gateway), PortMappingMethod.Igd);
        _lab.Igd.Delay = TimeSpan.FromMilliseconds(200);
        await using AutoPortMapper auto = _lab.Open();
        Assert.Equal(PortMappingMethod.Igd, (await QueryAsync(auto)).Method);
        Assert.Equal((0, 0, 1), Queries());
    }

    [Fact]
    public async Task Query_RememberedMethodGone_OthersFollowAndItIsForgotten()
    {
        _lab.Memory.NoteMethod(new(_lab.Route.Gateway), PortMappingMethod.Igd);
        _lab.Igd.Deaf = true;
        await using AutoPortMapper auto = _lab.Open();
        Assert.Equal(PortMappingMethod.Pcp, (await QueryAsync(auto)).Method);
        Assert.Equal(251, _lab.Clock.Elapsed.TotalMilliseconds, 2.0);
        await MapAsync(auto);
        Assert.Equal(PortMappingMethod.Pcp, _lab.Memory.MethodFor(new(_lab.Route.Gateway)));
    }

    [Theory]
    [InlineData(ExchangeEffort.Thorough, 10)]
    [InlineData(ExchangeEffort.Brisk, 3)]
    [InlineData(ExchangeEffort.Brief, 2)]
    public async Task Query_TotalSilence_UnsupportedInTimeNamingAllThree(ExchangeEffort effort, int seconds)
    {
        foreach (FakeMethod method in _lab.Methods) method.Deaf = true;
        await using AutoPortMapper auto = _lab.Open();
        BtmmException e = await _lab.FailAsync(auto.QueryAsync(effort, CancellationToken.None));
        Assert.Equal(BtmmErrorReason.PortMappingUnsupported, e.Reason);
        Assert.Equal(seconds, _lab.Clock.Elapsed.TotalSeconds, 0.1);
        Assert.All(new[] { "PCP (no answer)", "NAT-PMP (no answer)", "UPnP (no answer)" }, part => Assert.Contains(part, e.Message, StringComparison.Ordinal));
        Assert.Contains("UPnP", e.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Query_AllClosed_UnsupportedAtOnce()
    {
        foreach (FakeMethod method in _lab.Methods) method.QueryFailure = BtmmErrorReason.PortMappingUnsupported;
        await using AutoPortMapper auto = _lab.Open();
        BtmmException e = await _lab.FailAsync(auto.QueryAsync(ExchangeEffort.Thorough, CancellationToken.None));
        Assert.Equal(BtmmErrorReason.PortMappingUnsupported, e.Reason);
        Assert.Contains("NAT-PMP (not spoken)", e.Message, StringComparison.Ordinal);
        Assert.True(_lab.Clock.Elapsed < TimeSpan.FromSeconds(0.1), $"{_lab.Clock.Elapsed}");
    }

    [Fact]
    public async Task Query_SilentAfterAnAnswer_IsATimeout()
    {
        await using AutoPortMapper auto = _lab.Open();
        await QueryAsync(auto);
        foreach (FakeMethod method in _lab.Methods) method.Deaf = true;
        BtmmException e = await _lab.FailAsync(auto.QueryAsync(ExchangeEffort.Brisk, CancellationToken.None));
        Assert.Equal(BtmmErrorReason.Timeout, e.Reason);
    }

    [Fact]
    public async Task Query_OneRefusesOthersSilent_RefusalIsToldSoon()
    {
        _lab.Pcp.QueryFailure = BtmmErrorReason.PortMappingUnsupported;
        _lab.NatPmp.QueryFailure = BtmmErrorReason.PortMappingNetworkFailure;
        _lab.Igd.Deaf = true;
        await using AutoPortMapper auto = _lab.Open();
        BtmmException e = await _lab.FailAsync(auto.QueryAsync(ExchangeEffort.Thorough, CancellationToken.None));
        Assert.Equal(BtmmErrorReason.PortMappingNetworkFailure, e.Reason);
        Assert.Equal(2, _lab.Clock.Elapsed.TotalSeconds, 0.1);
    }

    [Fact]
    public async Task Announcements_AndLosses_OfAllMethodsAreMerged()
    {
        AutoPortMapper auto = _lab.Open();
        foreach (FakeMethod method in _lab.Methods)
        {
            method.Announce(stateLost: true);
            method.StateLossCount = 2;
        }

        await _lab.Clock.RunUntilAsync(() => auto.Announcements.Count == 3, TimeSpan.FromSeconds(1));
        Assert.Equal(6, auto.StateLossCount);
        await auto.DisposeAsync();
        while (auto.Announcements.TryRead(out _)) { }
        Assert.True(auto.Announcements.Completion.IsCompleted);
    }

    private Task<GatewayAnswer> QueryAsync(AutoPortMapper auto) => _lab.RunAsync(auto.QueryAsync(ExchangeEffort.Thorough, CancellationToken.None));

    private Task<PortMapping> MapAsync(AutoPortMapper auto) => _lab.RunAsync(auto.MapAsync(_lab.Request, ExchangeEffort.Thorough, CancellationToken.None));

    private (int Pcp, int NatPmp, int Igd) Queries() => (_lab.Pcp.Queries, _lab.NatPmp.Queries, _lab.Igd.Queries);
}
