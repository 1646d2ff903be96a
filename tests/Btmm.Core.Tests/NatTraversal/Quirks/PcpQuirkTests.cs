using System.Net;
using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal;
using Btmm.TestKit;

namespace Btmm.Core.Tests.NatTraversal.Quirks;

/// <summary>What gateways do wrong in PCP.</summary>
public sealed class PcpQuirkTests
{
    private const PortMappingMethod Pcp = PortMappingMethod.Pcp;

    [Fact]
    [Trait("rfc", "6887§11.2")]
    public async Task GatewayThatHoldsMappingsToTheirNonce_SeesTheSameNonce_FromTheFirstToTheLast()
    {
        await using QuirkLab lab = new(Pcp, null, TimeSpan.FromMinutes(10));
        await lab.StartAsync();
        await lab.Clock.RunForAsync(TimeSpan.FromHours(2));
        await lab.ReleaseAsync();
        FakePcpRequest[] maps = [.. lab.Gateway.PcpRequests.Where(request => request.Opcode == 1 && request.InternalPort == QuirkLab.Port)];
        Assert.Single(maps.Select(request => request.Nonce).Distinct());
        Assert.Equal(0u, maps[^1].LifetimeSeconds);
    }

    [Fact]
    [Trait("rfc", "6887§11.2")]
    public async Task GatewayThatHoldsMappingsToTheirNonce_LetsGoOfThem_AfterACrashToo()
    {
        await using QuirkLab lab = new(Pcp);
        IPortMapper crashed = lab.Mapper(Pcp);
        PortMapping mapping = await lab.RunAsync(crashed.MapAsync(QuirkLab.Request, ExchangeEffort.Brisk, CancellationToken.None));
        IPortMapper next = lab.Mapper(Pcp);
        PortMapping known = Assert.Single(lab.Memory.Mappings);
        Assert.Equal(mapping.Nonce, known.Nonce);
        await lab.RunAsync(next.DeleteAsync(known, ExchangeEffort.Brisk, CancellationToken.None));
        Assert.Empty(lab.Gateway.Mappings);
        Assert.Empty(lab.Memory.Mappings);
    }

    [Fact]
    [Trait("rfc", "6887§11.3")]
    public async Task GatewayWithAMappingOfAnotherNonce_IsSaidToRefuse_AndAskedSeldom()
    {
        await using QuirkLab lab = new(Pcp);
        lab.Gateway.Put(new FakeMapping(
            PortMappingProtocol.Udp, IPAddress.Parse(QuirkLab.Local), QuirkLab.Port, QuirkLab.Port, lab.Clock.GetUtcNow() + TimeSpan.FromMinutes(40))
        {
            Nonce = "0102030405060708090A0B0C",
        });
        await lab.StartInVainAsync();
        Assert.Equal(BtmmErrorReason.PortMappingNotAuthorized, lab.State.Reason);
        await lab.Clock.RunForAsync(TimeSpan.FromMinutes(30));
        Assert.True(lab.Gateway.MapRequests <= 20, $"{lab.Gateway.MapRequests} requests to map in half an hour");
        await lab.UntilAsync(() => lab.State.Phase == EndpointPhase.Available); // When the old mapping has ended.
        await lab.ReleaseAsync();
    }

    [Fact]
    [Trait("rfc", "6887§7.4")]
    public async Task GatewayThatSaysNoResources_IsAskedAgainAfterItsLifetime_AndNotBefore()
    {
        await using QuirkLab lab = new(Pcp, new FakeGatewayQuirks { PcpMapResult = 8, PcpErrorLifetime = 120 });
        await lab.StartInVainAsync();
        Assert.Equal(BtmmErrorReason.PortMappingOutOfResources, lab.State.Reason);
        int before = lab.Gateway.MapRequests;
        await lab.Clock.RunForAsync(TimeSpan.FromSeconds(115));
        Assert.Equal(before, lab.Gateway.MapRequests);
        lab.Quirks = new FakeGatewayQuirks();
        TimeSpan took = await lab.UntilAsync(() => lab.State.Phase == EndpointPhase.Available);
        Assert.True(took <= TimeSpan.FromMinutes(5), $"{took}");
        await lab.ReleaseAsync();
    }

    [Fact]
    [Trait("rfc", "6887§7.4")]
    public async Task GatewayWithAnErrorLifetimeOfForever_IsAskedAgain_AllTheSame()
    {
        await using QuirkLab lab = new(Pcp, new FakeGatewayQuirks { PcpMapResult = 8, PcpErrorLifetime = uint.MaxValue });
        await lab.StartInVainAsync();
        lab.Quirks = new FakeGatewayQuirks();
        await lab.UntilAsync(() => lab.State.Phase == EndpointPhase.Available, TimeSpan.FromHours(2));
        await lab.ReleaseAsync();
    }

    [Fact]
    [Trait("rfc", "6887§7.4")]
    public async Task GatewayWithAnErrorLifetimeOfNothing_IsNotStormed()
    {
        await using QuirkLab lab = new(Pcp, new FakeGatewayQuirks { PcpMapResult = 8, PcpErrorLifetime = 0 });
        await lab.StartInVainAsync();
        await lab.Clock.RunForAsync(TimeSpan.FromMinutes(30));
        Assert.True(lab.Gateway.Log.Count <= 150, $"{lab.Gateway.Log.Count} packets in half an hour");
        lab.Quirks = new FakeGatewayQuirks();
    }

    [Fact]
    [Trait("rfc", "6887§8.1")]
    public async Task GatewayThatSeesAnotherClientAddress_IsSaidToBeBehindANat_AndAskedSeldom()
    {
        await using QuirkLab lab = new(Pcp, new FakeGatewayQuirks { PcpSeesAnotherClient = true });
        await lab.StartInVainAsync();
        Assert.Equal(BtmmErrorReason.DoubleNat, lab.State.Reason);
        Assert.NotEmpty(lab.State.Remedy);
        await lab.Clock.RunForAsync(TimeSpan.FromMinutes(30));
        Assert.True(lab.Gateway.Log.Count <= 80, $"{lab.Gateway.Log.Count} packets in half an hour");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(9)]
    [InlineData(10)]
    [InlineData(11)]
    [InlineData(13)]
    [InlineData(99)]
    public async Task GatewayThatRefusesWithAnyCode_IsToldOfOnceWithARemedy_AndAskedSeldom(int code)
    {
        await using QuirkLab lab = new(Pcp, new FakeGatewayQuirks { PcpMapResult = code });
        await lab.StartInVainAsync();
        Assert.NotNull(lab.State.Reason);
        Assert.NotEmpty(lab.State.Remedy);
        lab.CountTold();
        int before = lab.Gateway.Log.Count;
        await lab.Clock.RunForAsync(TimeSpan.FromMinutes(20));
        Assert.Equal(0, lab.CountTold());
        Assert.True(lab.Gateway.Log.Count - before <= 100, $"{lab.Gateway.Log.Count - before} packets in twenty minutes");
        Assert.Empty(lab.Gateway.Mappings);
    }

    [Fact]
    public async Task GatewayThatShortensErrors_IsUnderstood()
    {
        await using QuirkLab lab = new(Pcp, new FakeGatewayQuirks { PcpMapResult = 8, PcpShortErrors = true });
        await lab.StartInVainAsync();
        Assert.NotEqual(EndpointPhase.Available, lab.State.Phase);
        await lab.Clock.RunForAsync(TimeSpan.FromMinutes(10));
        Assert.True(lab.Gateway.MapRequests <= 60, $"{lab.Gateway.MapRequests} requests to map in ten minutes");
    }

    [Fact]
    public async Task GatewayThatAnswersFromAnotherPort_IsHeard_AndMapsOnce()
    {
        await using QuirkLab lab = new(Pcp, new FakeGatewayQuirks { AnswerPort = 1026 });
        await lab.MapAndReleaseAsync(Pcp);
        Assert.InRange(lab.Gateway.Log.Count, 3, 4);
    }

    [Fact]
    public async Task GatewayThatDoesNotKnowAnnounce_IsUsedAllTheSame()
    {
        await using QuirkLab lab = new(Pcp, new FakeGatewayQuirks { PcpAnnounceResult = 4 });
        await lab.MapAndReleaseAsync(Pcp);
    }

    [Fact]
    public async Task GatewayThatIgnoresAnnounce_IsUsedAllTheSame()
    {
        await using QuirkLab lab = new(Pcp, new FakeGatewayQuirks { PcpIgnoresAnnounce = true });
        IPortMapper mapper = lab.Mapper(Pcp);
        await lab.RunAsync(mapper.QueryAsync(ExchangeEffort.Thorough, CancellationToken.None));
        PortMapping mapping = await lab.RunAsync(mapper.MapAsync(QuirkLab.Request, ExchangeEffort.Brisk, CancellationToken.None));
        await lab.RunAsync(mapper.DeleteAsync(mapping, ExchangeEffort.Brisk, CancellationToken.None));
        Assert.Empty(lab.Gateway.Mappings);
    }

    [Fact]
    public async Task GatewayThatRefusesRenewals_KeepsItsMappingToTheEnd_AndIsMappedAnewThen()
    {
        await using QuirkLab lab = new(Pcp, new FakeGatewayQuirks { MaxLifetime = TimeSpan.FromMinutes(10), PcpRenewalResult = 8 });
        await lab.StartAsync();
        int gaps = await lab.CountGapsAsync(TimeSpan.FromMinutes(32), TimeSpan.FromSeconds(30));
        Assert.True(gaps <= 4, $"{gaps} times not mapped");
        Assert.Equal(EndpointPhase.Available, lab.State.Phase);
        Assert.True(lab.CountTold() <= 1 + 2 * 3, "a mapping that is there is no news"); // At each of its ends it may be.
        Assert.True(lab.Gateway.MapRequests <= 60, $"{lab.Gateway.MapRequests} requests to map");
        lab.Quirks = new FakeGatewayQuirks();
        await lab.ReleaseAsync();
    }

    [Theory]
    [InlineData((byte)1)]
    [InlineData((byte)3)]
    public async Task GatewayOfAnotherVersion_IsToldOfAsUnsupported_WithoutALoop(byte version)
    {
        await using QuirkLab lab = new(Pcp, new FakeGatewayQuirks { PcpUnsupportedVersion = version });
        await lab.StartInVainAsync();
        Assert.Equal(BtmmErrorReason.PortMappingUnsupported, lab.State.Reason);
        await lab.Clock.RunForAsync(TimeSpan.FromMinutes(30));
        Assert.True(lab.Gateway.Log.Count <= 40, $"{lab.Gateway.Log.Count} packets in half an hour");
    }

    [Fact]
    [Trait("rfc", "6887§9")]
    public async Task GatewayThatSpeaksNatPmpOnly_IsToldOfAtOnce_WithoutALoop()
    {
        await using QuirkLab lab = new(Pcp);
        lab.Gateway.Protocols = FakeGatewayProtocols.NatPmp;
        BtmmException e = await lab.FailAsync(lab.Mapper(Pcp).QueryAsync(ExchangeEffort.Thorough, CancellationToken.None));
        Assert.Equal(BtmmErrorReason.PortMappingUnsupported, e.Reason);
        Assert.Single(lab.Gateway.Log);
        Assert.Equal(TimeSpan.Zero, lab.Clock.Elapsed);
    }

    [Fact]
    [Trait("rfc", "6887§14.1.3")]
    public async Task GatewayWithAFrozenEpoch_IsNotStormed_AndKeepsOneMapping()
    {
        await using QuirkLab lab = new(Pcp, new FakeGatewayQuirks { FrozenEpoch = 0 });
        await lab.StartAsync();
        await lab.Clock.RunForAsync(TimeSpan.FromMinutes(10));
        Assert.Single(lab.Gateway.Mappings);
        Assert.True(lab.Gateway.Log.Count <= 80, $"{lab.Gateway.Log.Count} packets in ten minutes");
        await lab.ReleaseAsync();
    }

    [Fact]
    [Trait("rfc", "6887§8.5")]
    public async Task GatewayWhoseEpochRunsBackwards_IsMappedAgain_AndNotStormed()
    {
        await using QuirkLab lab = new(Pcp);
        await lab.StartAsync();
        for (int i = 0; i < 10; i++)
        {
            lab.Gateway.ShiftEpoch(TimeSpan.FromMinutes(-20));
            await lab.Clock.RunForAsync(TimeSpan.FromMinutes(1));
        }

        Assert.Single(lab.Gateway.Mappings);
        Assert.True(lab.Gateway.Log.Count <= 80, $"{lab.Gateway.Log.Count} packets in ten minutes");
        await lab.ReleaseAsync();
    }
}
