using System.Net;
using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal;
using Btmm.TestKit;

namespace Btmm.Core.Tests.NatTraversal.Quirks;

/// <summary>What gateways do wrong when they are searched for by SSDP.</summary>
public sealed class IgdSearchQuirkTests
{
    private const PortMappingMethod Igd = PortMappingMethod.Igd;

    [Fact]
    public async Task GatewayThatHearsUnicastSearchesOnly_IsFoundWithinASecond_AndDescribedOnce()
    {
        await using QuirkLab lab = new(Igd, new FakeGatewayQuirks { SsdpWays = FakeSsdpWays.Unicast });
        await FindsAndMapsAsync(lab);
    }

    [Fact]
    public async Task GatewayThatHearsMulticastSearchesOnly_IsFoundWithinASecond_AndDescribedOnce()
    {
        await using QuirkLab lab = new(Igd, new FakeGatewayQuirks { SsdpWays = FakeSsdpWays.Multicast });
        await FindsAndMapsAsync(lab);
    }

    [Fact]
    public async Task GatewayThatAnswersFromAnOddPort_IsHeard_AndDescribedOnce()
    {
        await using QuirkLab lab = new(Igd, new FakeGatewayQuirks { SsdpAnswerPort = 41234 });
        await FindsAndMapsAsync(lab);
    }

    [Fact]
    public async Task GatewayThatAnswersEachSearchTwice_IsDescribedOnce_AndMapsOnce()
    {
        await using QuirkLab lab = new(Igd, new FakeGatewayQuirks { AnswersTwice = true });
        await FindsAndMapsAsync(lab);
    }

    [Fact]
    public async Task GatewayThatAnswersInLowerCase_IsRead_AndDescribedOnce()
    {
        await using QuirkLab lab = new(Igd, new FakeGatewayQuirks { HttpLowerCase = true });
        await FindsAndMapsAsync(lab);
    }

    [Theory]
    [InlineData("InternetGatewayDevice:1")]
    [InlineData("WANIPConnection:1")]
    [InlineData("upnp:rootdevice")]
    public async Task GatewayThatAnswersForOneTargetOnly_IsFoundWithinThreeSeconds_AndMaps(string target)
    {
        await using QuirkLab lab = new(Igd, new FakeGatewayQuirks { IgdVersion = 1, SsdpTargets = [target] });
        await FindsAndMapsAsync(lab, TimeSpan.FromSeconds(3));
    }

    [Fact]
    public async Task GatewayThatAnswersForPppOnly_IsFoundWithinThreeSeconds_AndMaps()
    {
        await using QuirkLab lab = new(Igd, new FakeGatewayQuirks
        {
            IgdVersion = 1,
            SsdpTargets = ["WANPPPConnection:1"],
            IgdServices = [new FakeIgdService("WANPPPConnection:1", "/ctl/PPP")],
        });
        await FindsAndMapsAsync(lab, TimeSpan.FromSeconds(3));
        Assert.All(lab.Gateway.SoapRequests, request => Assert.EndsWith("WANPPPConnection:1", request.Service, StringComparison.Ordinal));
    }

    [Fact]
    public async Task GatewayOnALossyLink_IsFoundAllTheSame_WithFewSearches()
    {
        await using QuirkLab lab = new(Igd);
        lab.Wire.Conditions = new WireConditions { Loss = 0.4, Latency = TimeSpan.FromMilliseconds(5) };
        await FindsAndMapsAsync(lab, TimeSpan.FromSeconds(6));
    }

    [Theory]
    [InlineData("http://192.0.2.66/rootDesc.xml")]
    [InlineData("http://192.0.2.66:5000/rootDesc.xml")]
    [InlineData("http://192.168.1.1@192.0.2.66/rootDesc.xml")]
    [InlineData("http://192.168.1.1.example.net:5000/rootDesc.xml")]
    [InlineData("http://router.local:5000/rootDesc.xml")]
    [InlineData("https://192.168.1.1:5000/rootDesc.xml")]
    [InlineData("ftp://192.168.1.1/rootDesc.xml")]
    [InlineData("file:///etc/passwd")]
    [InlineData("http://192.168.1.1:0/rootDesc.xml")]
    [InlineData("http://[::ffff:192.0.2.66]/rootDesc.xml")]
    [InlineData("/rootDesc.xml")]
    [InlineData("")]
    public async Task GatewayThatPointsElsewhere_IsNotFollowed_AndToldOfOnce(string location)
    {
        await using QuirkLab lab = new(Igd, new FakeGatewayQuirks { SsdpLocation = location });
        await lab.StartInVainAsync();
        await lab.UntilAsync(() => lab.State.Reason != BtmmErrorReason.Timeout);
        Assert.Equal(BtmmErrorReason.PortMappingUnsupported, lab.State.Reason);
        Assert.NotEmpty(lab.State.Remedy);
        lab.CountTold();
        await lab.Clock.RunForAsync(TimeSpan.FromMinutes(12));
        Assert.Equal(0, lab.CountTold());
        Assert.Empty(lab.Wire.Connects);
        lab.OnlyTheGatewayWasAsked();
    }

    [Fact]
    public async Task GatewayThatPointsElsewhereAndToItself_IsFollowedToItselfOnly_AndMaps()
    {
        await using QuirkLab lab = new(Igd, new FakeGatewayQuirks
        {
            SsdpLocation = "http://192.0.2.66/rootDesc.xml",
            SsdpMoreLocations = ["http://192.168.1.1:5000/rootDesc.xml"],
        });
        await FindsAndMapsAsync(lab);
    }

    [Fact]
    public async Task GatewayWithSeveralDevices_IsTriedUntilOneMaps_AndEachIsFetchedOnce()
    {
        await using QuirkLab lab = new(Igd, new FakeGatewayQuirks
        {
            SsdpLocation = "http://192.168.1.1:5000/printer.xml",
            SsdpMoreLocations = ["http://192.168.1.1:5001/nobody.xml", "http://192.168.1.1:5000/rootDesc.xml"],
        });
        await lab.MapAndReleaseAsync(Igd);
        Assert.Equal(1, lab.Gateway.Count("GET /printer.xml"));
        Assert.Equal(1, lab.Gateway.Count("GET"));
        Assert.Single(lab.Wire.Connects, connect => connect.To.Port == 5001);
    }

    [Fact]
    public async Task StrangerThatAnswersForTheGateway_IsNotHeard_AndNothingIsFetched()
    {
        await using QuirkLab lab = new(Igd, new FakeGatewayQuirks { SsdpAnswerAddress = IPAddress.Parse(QuirkLab.Stranger) });
        await lab.StartInVainAsync();
        await lab.UntilAsync(() => lab.State.Reason == BtmmErrorReason.PortMappingUnsupported);
        Assert.Empty(lab.Wire.Connects);
        lab.OnlyTheGatewayWasAsked();
    }

    [Fact]
    public async Task GatewayAnsweringTheFirstSearchLate_IsFoundByALaterOne_AndDescribedOnce()
    {
        await using QuirkLab lab = new(Igd, new FakeGatewayQuirks { AnswerDelay = TimeSpan.FromSeconds(2), DelaysFirst = 4 });
        await FindsAndMapsAsync(lab, TimeSpan.FromSeconds(5));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task GatewayThatHearsNoSearch_IsSearchedForSparingly_AndFoundWhenItHears(bool isSilent)
    {
        FakeGatewayQuirks deaf = isSilent ? new() { Silent = true } : new() { SsdpTargets = [] };
        await using QuirkLab lab = new(method: Igd, deaf);
        await lab.StartInVainAsync();
        await lab.Clock.RunForAsync(TimeSpan.FromHours(1));
        int first = Searches(lab);
        lab.CountTold();
        await lab.Clock.RunForAsync(TimeSpan.FromHours(1));
        Assert.True(first <= 120, $"{first} in the first hour");
        Assert.True(Searches(lab) - first <= 70, $"{Searches(lab) - first} in the second hour");
        Assert.Equal(0, lab.CountTold());
        lab.Quirks = new FakeGatewayQuirks();
        TimeSpan found = await lab.UntilAsync(() => lab.State.Phase == EndpointPhase.Available);
        Assert.True(found <= TimeSpan.FromMinutes(6), $"found after {found}");
    }

    private static int Searches(QuirkLab lab) => lab.Wire.Sent.Count(datagram => datagram.To.Port == 1900);

    private static async Task FindsAndMapsAsync(QuirkLab lab, TimeSpan? limit = null)
    {
        IPortMapper mapper = lab.Mapper(Igd);
        GatewayAnswer answer = await lab.RunAsync(mapper.QueryAsync(ExchangeEffort.Thorough, CancellationToken.None));
        Assert.Equal(IPAddress.Parse("203.0.113.10"), answer.ExternalAddress);
        Assert.True(lab.Clock.Elapsed <= (limit ?? TimeSpan.FromSeconds(1)), $"found after {lab.Clock.Elapsed}");
        Assert.True(lab.Gateway.Count(FakeGatewayProtocols.Igd) <= 40, $"{lab.Gateway.Count(FakeGatewayProtocols.Igd)} requests");
        PortMapping mapping = await lab.RunAsync(mapper.MapAsync(QuirkLab.Request, ExchangeEffort.Brisk, CancellationToken.None));
        Assert.Equal(QuirkLab.Port, Assert.Single(lab.Gateway.Mappings).ExternalPort);
        await lab.RunAsync(mapper.DeleteAsync(mapping, ExchangeEffort.Brisk, CancellationToken.None));
        Assert.Empty(lab.Gateway.Mappings);
        Assert.Equal(1, lab.Gateway.Count("GET"));
        Assert.Equal(0, lab.Gateway.Count(FakeGatewayRequestKind.Malformed));
        lab.OnlyTheGatewayWasAsked();
    }
}
