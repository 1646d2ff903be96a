using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal;
using Btmm.Protocol.NatTraversal.NatPmp;
using Btmm.TestKit;

namespace Btmm.Core.Tests.NatTraversal.Quirks;

/// <summary>What gateways do wrong in NAT-PMP.</summary>
public sealed class NatPmpQuirkTests
{
    private const PortMappingMethod NatPmp = PortMappingMethod.NatPmp;

    [Fact]
    public async Task GatewayThatAnswersFromAnotherPort_IsHeard_AndMapsOnce()
    {
        await using QuirkLab lab = new(NatPmp, new FakeGatewayQuirks { AnswerPort = 1026 });
        await lab.MapAndReleaseAsync(NatPmp);
        Assert.Equal(3, lab.Gateway.Log.Count);
    }

    [Theory]
    [InlineData(NatPmpResult.UnsupportedVersion, BtmmErrorReason.PortMappingUnsupported)]
    [InlineData(NatPmpResult.NotAuthorized, BtmmErrorReason.PortMappingNotAuthorized)]
    [InlineData(NatPmpResult.NetworkFailure, BtmmErrorReason.PortMappingNetworkFailure)]
    [InlineData(NatPmpResult.OutOfResources, BtmmErrorReason.PortMappingOutOfResources)]
    [InlineData(NatPmpResult.UnsupportedOpcode, BtmmErrorReason.PortMappingUnsupported)]
    public async Task GatewayThatShortensErrors_IsUnderstood_AndAskedSeldom(NatPmpResult result, BtmmErrorReason reason)
    {
        await using QuirkLab lab = new(NatPmp, new FakeGatewayQuirks { AddressResult = result, MapResult = result, ShortErrors = true });
        await lab.StartInVainAsync();
        Assert.Equal(reason, lab.State.Reason);
        Assert.Equal(1, lab.CountTold());
        await lab.Clock.RunForAsync(TimeSpan.FromMinutes(20));
        Assert.Equal(0, lab.CountTold());
        Assert.True(lab.Gateway.Log.Count <= 60, $"{lab.Gateway.Log.Count} packets in twenty minutes");
    }

    [Fact]
    [Trait("rfc", "6886§3.6")]
    public async Task GatewayWithAFrozenEpoch_IsNotStormed_AndKeepsOneMapping()
    {
        await using QuirkLab lab = new(NatPmp, new FakeGatewayQuirks { FrozenEpoch = 0 });
        await lab.StartAsync();
        await lab.Clock.RunForAsync(TimeSpan.FromMinutes(10));
        Assert.Single(lab.Gateway.Mappings);
        Assert.True(lab.Gateway.Log.Count <= 60, $"{lab.Gateway.Log.Count} packets in ten minutes");
        await lab.ReleaseAsync();
    }

    [Fact]
    [Trait("rfc", "6886§3.6")]
    public async Task GatewayWhoseEpochRunsBackwards_IsMappedAgain_AndNotStormed()
    {
        await using QuirkLab lab = new(NatPmp);
        await lab.StartAsync();
        for (int i = 0; i < 10; i++)
        {
            lab.Gateway.ShiftEpoch(TimeSpan.FromMinutes(-20));
            await lab.Clock.RunForAsync(TimeSpan.FromMinutes(1));
        }

        Assert.Single(lab.Gateway.Mappings);
        Assert.True(lab.Gateway.Log.Count <= 60, $"{lab.Gateway.Log.Count} packets in ten minutes");
        await lab.ReleaseAsync();
    }

    [Fact]
    public async Task GatewayThatSpeaksPcpOnly_IsToldOfAsUnsupported_WithoutALoop()
    {
        await using QuirkLab lab = new(NatPmp);
        lab.Gateway.Protocols = FakeGatewayProtocols.Pcp;
        await lab.StartInVainAsync();
        await lab.UntilAsync(() => lab.State.Reason == BtmmErrorReason.PortMappingUnsupported);
        Assert.True(lab.Gateway.Log.Count <= 9, $"{lab.Gateway.Log.Count} packets");
    }

    [Fact]
    public async Task GatewayThatGivesAnotherPort_FailsWhenThatPortWasTheWish_AndMapsNothing()
    {
        await using QuirkLab lab = new(NatPmp);
        lab.Gateway.TakePort(QuirkLab.Port);
        PortMappingRequest request = QuirkLab.Request with { PreferFailure = true };
        BtmmException e = await lab.FailAsync(lab.Mapper(NatPmp).MapAsync(request, ExchangeEffort.Brisk, CancellationToken.None));
        Assert.Equal(BtmmErrorReason.PortMappingConflict, e.Reason);
        Assert.Empty(lab.Gateway.Mappings);
        Assert.InRange(lab.Gateway.Log.Count, 2, 3);
    }
}
