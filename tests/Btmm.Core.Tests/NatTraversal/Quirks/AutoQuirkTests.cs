using System.Net;
using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal;
using Btmm.Protocol.NatTraversal.NatPmp;
using Btmm.TestKit;

namespace Btmm.Core.Tests.NatTraversal.Quirks;

/// <summary>What gateways do wrong that speak several protocols, or seem to: one mapping, never two, and no loops.</summary>
public sealed class AutoQuirkTests
{
    [Theory]
    [InlineData(FakeGatewayProtocols.NatPmp)]
    [InlineData(FakeGatewayProtocols.Pcp)]
    [InlineData(FakeGatewayProtocols.Igd)]
    [InlineData(FakeGatewayProtocols.NatPmp | FakeGatewayProtocols.Pcp)]
    [InlineData(FakeGatewayProtocols.NatPmp | FakeGatewayProtocols.Igd)]
    [InlineData(FakeGatewayProtocols.All)]
    public async Task GatewayOfTheseProtocols_HasOneMappingWithinASecond_AndNoneInTheEnd(FakeGatewayProtocols protocols)
    {
        await using QuirkLab lab = new(null);
        await SpeakAsync(lab, protocols);
        await lab.StartAsync();
        Assert.True(lab.Clock.Elapsed <= TimeSpan.FromSeconds(1), $"{lab.Clock.Elapsed}");
        await lab.Clock.RunForAsync(TimeSpan.FromMinutes(3));
        Assert.Single(lab.Gateway.Mappings);
        await lab.ReleaseAsync();
        Assert.Empty(lab.Gateway.Mappings);
    }

    [Theory]
    [InlineData(FakeGatewayProtocols.Pcp, FakeGatewayProtocols.NatPmp)]
    [InlineData(FakeGatewayProtocols.Pcp | FakeGatewayProtocols.NatPmp, FakeGatewayProtocols.Igd)]
    [InlineData(FakeGatewayProtocols.Pcp | FakeGatewayProtocols.Igd, FakeGatewayProtocols.NatPmp)]
    public async Task GatewayWithSilentProtocols_IsMappedByTheOneThatAnswers_WithinASecond(
        FakeGatewayProtocols silent, FakeGatewayProtocols answering)
    {
        await using QuirkLab lab = new(null, new FakeGatewayQuirks { SilentProtocols = silent });
        await lab.StartAsync();
        Assert.True(lab.Clock.Elapsed <= TimeSpan.FromSeconds(1.5), $"{lab.Clock.Elapsed}");
        Assert.True(Assert.Single(lab.Gateway.Mappings).MadeBy.HasFlag(answering) || answering != FakeGatewayProtocols.Igd);
        await lab.Clock.RunForAsync(TimeSpan.FromMinutes(5));
        Assert.Single(lab.Gateway.Mappings);
        Assert.True(lab.Gateway.Log.Count <= 200, $"{lab.Gateway.Log.Count} packets in five minutes");
        await lab.ReleaseAsync();
    }

    [Theory]
    [InlineData(true, true, false)]
    [InlineData(true, false, false)]
    [InlineData(false, true, true)]
    [InlineData(true, false, true)]
    public async Task GatewayThatRefusesBySomeProtocols_IsMappedByAnother_Once(bool pcp, bool natPmp, bool igd)
    {
        await using QuirkLab lab = new(null, new FakeGatewayQuirks
        {
            PcpMapResult = pcp ? 2 : 0,
            MapResult = natPmp ? NatPmpResult.NotAuthorized : NatPmpResult.Success,
            AddError = igd ? 606 : 0,
        });
        await lab.StartAsync();
        Assert.Single(lab.Gateway.Mappings);
        await lab.Clock.RunForAsync(TimeSpan.FromMinutes(5));
        Assert.Single(lab.Gateway.Mappings);
        Assert.True(lab.Gateway.MapRequests <= 30, $"{lab.Gateway.MapRequests} requests to map");
        await lab.ReleaseAsync();
    }

    [Fact]
    public async Task GatewayThatRefusesByAll_IsToldOfOnceWithARemedy_AndAskedSeldom()
    {
        await using QuirkLab lab = new(null, new FakeGatewayQuirks { PcpMapResult = 2, MapResult = NatPmpResult.NotAuthorized, AddError = 606 });
        await lab.StartInVainAsync();
        await lab.UntilAsync(() => lab.State.Reason == BtmmErrorReason.PortMappingNotAuthorized);
        Assert.NotEmpty(lab.State.Remedy);
        lab.CountTold();
        await lab.Clock.RunForAsync(TimeSpan.FromHours(1));
        Assert.Equal(0, lab.CountTold());
        Assert.True(lab.Gateway.Log.Count <= 600, $"{lab.Gateway.Log.Count} packets in an hour");
        Assert.Empty(lab.Gateway.Mappings);
    }

    [Fact]
    [Trait("rfc", "6887§9")]
    public async Task GatewayThatSendsFromVersionToVersion_IsNotFollowedInCircles_AndMappedByIgd()
    {
        await using QuirkLab lab = new(null, new FakeGatewayQuirks { SendsFromVersionToVersion = true });
        await lab.StartAsync();
        Assert.True(lab.Clock.Elapsed <= TimeSpan.FromSeconds(2), $"{lab.Clock.Elapsed}");
        Assert.Equal(FakeGatewayProtocols.Igd, Assert.Single(lab.Gateway.Mappings).MadeBy);
        Assert.True(lab.Gateway.Count("OtherVersion") <= 6, $"{lab.Gateway.Count("OtherVersion")} times told to use another version");
        await lab.Clock.RunForAsync(TimeSpan.FromMinutes(10));
        Assert.True(lab.Gateway.Count("OtherVersion") <= 60, $"{lab.Gateway.Count("OtherVersion")} times told to use another version");
        await lab.ReleaseAsync();
    }

    [Fact]
    [Trait("rfc", "6887§9")]
    public async Task GatewayThatOnlySendsFromVersionToVersion_IsToldOfAsUnsupported_AndAskedSeldom()
    {
        await using QuirkLab lab = new(null, new FakeGatewayQuirks { SendsFromVersionToVersion = true });
        await SpeakAsync(lab, FakeGatewayProtocols.NatPmp | FakeGatewayProtocols.Pcp);
        await lab.StartInVainAsync();
        await lab.UntilAsync(() => lab.State.Reason == BtmmErrorReason.PortMappingUnsupported);
        await lab.Clock.RunForAsync(TimeSpan.FromMinutes(30));
        Assert.True(lab.Gateway.Log.Count <= 60, $"{lab.Gateway.Log.Count} packets in half an hour");
    }

    [Fact]
    public async Task GatewayWhoseProtocolsTellDifferentAddresses_IsBelievedByTheOneThatMaps_AndTheEndpointStays()
    {
        await using QuirkLab lab = new(null, new FakeGatewayQuirks { NatPmpExternalAddress = IPAddress.Parse("198.51.100.1") });
        await lab.StartAsync();
        IPAddress? first = lab.State.Endpoint?.Address;
        FakeGatewayProtocols by = Assert.Single(lab.Gateway.Mappings).MadeBy;
        Assert.Equal(by == FakeGatewayProtocols.NatPmp ? IPAddress.Parse("198.51.100.1") : IPAddress.Parse("203.0.113.10"), first);
        lab.CountTold();
        await lab.Clock.RunForAsync(TimeSpan.FromMinutes(20));
        Assert.Equal(first, lab.State.Endpoint?.Address);
        Assert.Equal(0, lab.CountTold());
        Assert.Single(lab.Gateway.Mappings);
        await lab.ReleaseAsync();
    }

    [Fact]
    public async Task GatewayThatFallsSilentInOneProtocol_IsMappedByAnother_WithoutASecondMapping()
    {
        await using QuirkLab lab = new(null);
        await lab.StartAsync();
        lab.Quirks = new FakeGatewayQuirks { SilentProtocols = Assert.Single(lab.Gateway.Mappings).MadeBy };
        lab.Gateway.Reboot(announce: false);
        TimeSpan took = await lab.UntilAsync(() => lab.Gateway.Mappings.Count == 1);
        Assert.True(took <= TimeSpan.FromMinutes(1), $"{took}");
        lab.Quirks = new FakeGatewayQuirks();
        await lab.Clock.RunForAsync(TimeSpan.FromMinutes(5));
        Assert.Single(lab.Gateway.Mappings);
        await lab.ReleaseAsync();
    }

    [Fact]
    public async Task GatewayWhoseAnswerToTheMappingIsLost_HasNoSecondMapping_WhenAnotherProtocolMaps()
    {
        await using QuirkLab lab = new(null);
        lab.Wire.Filter = datagram => datagram.From.Port != 5351 || datagram.Payload.Length != 60; // PCP's answers to MAP.
        await lab.StartAsync(TimeSpan.FromMinutes(3));
        await lab.Clock.RunForAsync(TimeSpan.FromMinutes(3));
        Assert.Single(lab.Gateway.Mappings);
        lab.Wire.Filter = null;
        await lab.Clock.RunForAsync(TimeSpan.FromMinutes(3));
        await lab.ReleaseAsync();
        Assert.Empty(lab.Gateway.Mappings);
    }

    [Fact]
    public async Task GatewayThatTakesPermanentLeasesOnly_KeepsNothing_AfterACrashAndTheNextRun()
    {
        await using QuirkLab lab = new(null, new FakeGatewayQuirks { LeaseError = 725, IgdVersion = 1 });
        await SpeakAsync(lab, FakeGatewayProtocols.Igd);
        IPortMapper crashed = lab.Mapper(null);
        await lab.RunAsync(crashed.MapAsync(QuirkLab.Request, ExchangeEffort.Brisk, CancellationToken.None));
        Assert.True(Assert.Single(lab.Memory.Mappings).IsPermanent);
        await lab.StartAsync();
        Assert.True(Assert.Single(lab.Gateway.Mappings).IsPermanent);
        await lab.ReleaseAsync();
        Assert.Empty(lab.Gateway.Mappings);
    }

    [Fact]
    public async Task GatewayThatAnswersEverythingSlowly_HasOneMapping_AndNoneInTheEnd()
    {
        await using QuirkLab lab = new(null, new FakeGatewayQuirks { AnswerDelay = TimeSpan.FromSeconds(1) });
        await lab.StartAsync(TimeSpan.FromMinutes(1));
        await lab.Clock.RunForAsync(TimeSpan.FromMinutes(5));
        Assert.Single(lab.Gateway.Mappings);
        Assert.True(lab.Gateway.MapRequests <= 30, $"{lab.Gateway.MapRequests} requests to map");
        lab.Quirks = new FakeGatewayQuirks();
        await lab.ReleaseAsync();
        Assert.Empty(lab.Gateway.Mappings);
    }

    /// <summary>The gateway speaks these and has no other port open.</summary>
    private static async Task SpeakAsync(QuirkLab lab, FakeGatewayProtocols protocols)
    {
        await lab.Gateway.CloseAsync();
        lab.Gateway.Protocols = protocols;
        lab.Gateway.Open();
    }
}
