using System.Net;
using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal;
using Btmm.TestKit;

namespace Btmm.Core.Tests.NatTraversal.Quirks;

/// <summary>What gateways do wrong with the actions of UPnP IGD.</summary>
public sealed class IgdActionQuirkTests
{
    private const PortMappingMethod Igd = PortMappingMethod.Igd;

    [Theory]
    [InlineData(725, 1)]
    [InlineData(725, 2)]
    [InlineData(402, 1)]
    [InlineData(402, 2)]
    public async Task GatewayThatTakesPermanentLeasesOnly_IsGivenOne_AndItIsRemovedAtTheEnd(int code, int version)
    {
        await using QuirkLab lab = new(Igd, new FakeGatewayQuirks { LeaseError = code, IgdVersion = version });
        PortMapping mapping = await lab.MapAndReleaseAsync(Igd);
        Assert.True(mapping.IsPermanent);
        Assert.InRange(mapping.Lifetime, TimeSpan.FromMinutes(10), TimeSpan.FromHours(24));
        Assert.InRange(lab.Gateway.MapRequests, 2, 4);
    }

    [Fact]
    public async Task GatewayThatTakesPermanentLeasesOnly_IsNotAskedForOthersAgain_WhenRenewed()
    {
        await using QuirkLab lab = new(Igd, new FakeGatewayQuirks { LeaseError = 725, IgdVersion = 1 }, TimeSpan.FromMinutes(10));
        await lab.StartAsync();
        int before = lab.Gateway.SoapRequests.Count(IsLeaseAsked);
        await lab.Clock.RunForAsync(TimeSpan.FromHours(3));
        Assert.Equal(before, lab.Gateway.SoapRequests.Count(IsLeaseAsked));
        Assert.True(Assert.Single(lab.Gateway.Mappings).IsPermanent);
        await lab.ReleaseAsync();
    }

    [Fact]
    public async Task GatewayThatWantsUpperCase_GetsIt()
    {
        await using QuirkLab lab = new(Igd, new FakeGatewayQuirks { DemandsUpperCase = true });
        await lab.MapAndReleaseAsync(Igd);
        Assert.All(
            lab.Gateway.SoapRequests.Where(request => request.Arguments.ContainsKey("NewProtocol")),
            request => Assert.Equal("UDP", request.Arguments["NewProtocol"]));
    }

    [Theory]
    [InlineData("0.0.0.0")]
    [InlineData("")]
    [InlineData("255.255.255.255")]
    [InlineData("none")]
    [InlineData("2001:db8::1")]
    public async Task GatewayWithoutAnExternalAddress_IsSaidToHaveNone_AndKeepsNoMapping(string address)
    {
        await using QuirkLab lab = new(Igd, new FakeGatewayQuirks { IgdExternalAddress = address });
        await lab.StartInVainAsync();
        await lab.UntilAsync(() => lab.State.Reason != BtmmErrorReason.Timeout);
        Assert.Null(lab.State.Endpoint);
        Assert.NotEmpty(lab.State.Remedy);
        Assert.Empty(lab.Gateway.Mappings);
        lab.Quirks = new FakeGatewayQuirks();
        await lab.UntilAsync(() => lab.State.Phase == EndpointPhase.Available, TimeSpan.FromMinutes(6));
        await lab.ReleaseAsync();
    }

    [Theory]
    [InlineData(718, 1)]
    [InlineData(729, 1)]
    [InlineData(718, 2)]
    public async Task GatewayWhosePortIsTaken_GivesAnother_AndTheOtherHostKeepsItsOwn(int code, int version)
    {
        await using QuirkLab lab = new(Igd, new FakeGatewayQuirks { ConflictCode = code, IgdVersion = version });
        FakeMapping other = new(
            PortMappingProtocol.Udp, IPAddress.Parse("192.168.1.7"), 9, QuirkLab.Port, lab.Clock.GetUtcNow() + TimeSpan.FromHours(9));
        lab.Gateway.Put(other);
        PortMapping mapping = await lab.MapAndReleaseAsync(Igd);
        Assert.NotEqual(QuirkLab.Port, mapping.ExternalPort);
        Assert.InRange(mapping.ExternalPort, 1024, ushort.MaxValue);
        Assert.Equal(other.Client, Assert.Single(lab.Gateway.Mappings).Client);
        Assert.InRange(lab.Gateway.MapRequests, version == 2 ? 1 : 2, 3);
    }

    [Fact]
    public async Task GatewayWhosePortIsTaken_FailsWhenThatPortWasTheWish_AndMapsNothing()
    {
        await using QuirkLab lab = new(Igd);
        lab.Gateway.TakePort(QuirkLab.Port);
        PortMappingRequest request = QuirkLab.Request with { PreferFailure = true };
        BtmmException e = await lab.FailAsync(lab.Mapper(Igd).MapAsync(request, ExchangeEffort.Brisk, CancellationToken.None));
        Assert.Equal(BtmmErrorReason.PortMappingConflict, e.Reason);
        Assert.Empty(lab.Gateway.Mappings);
        Assert.InRange(lab.Gateway.MapRequests, 1, 2);
    }

    [Fact]
    public async Task GatewayWithConflictsEverywhere_IsGivenUp_AfterAFewPorts()
    {
        await using QuirkLab lab = new(Igd, new FakeGatewayQuirks { AddError = 718 });
        BtmmException e = await lab.FailAsync(lab.Mapper(Igd).MapAsync(QuirkLab.Request, ExchangeEffort.Brisk, CancellationToken.None));
        Assert.Equal(BtmmErrorReason.PortMappingConflict, e.Reason);
        Assert.InRange(lab.Gateway.MapRequests, 2, 20);
        Assert.Empty(lab.Gateway.Mappings);
    }

    [Fact]
    public async Task GatewayThatCallsARenewalAConflict_KeepsTheOnePort_AndNoSecondMapping()
    {
        await using QuirkLab lab = new(Igd, new FakeGatewayQuirks { RenewalConflicts = true }, TimeSpan.FromMinutes(10));
        await lab.StartAsync();
        Assert.Equal(0, await lab.CountGapsAsync(TimeSpan.FromHours(3), TimeSpan.FromMinutes(5)));
        Assert.Equal(QuirkLab.Port, Assert.Single(lab.Gateway.Mappings).ExternalPort);
        Assert.Equal(QuirkLab.Port, lab.State.Endpoint?.Port);
        Assert.True(lab.Gateway.MapRequests <= 20, $"{lab.Gateway.MapRequests} requests to map");
        await lab.ReleaseAsync();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task GatewayThatRefusesPortsAbove32767_GivesALowerOne_AndTheLeaseAsAsked(int version)
    {
        await using QuirkLab lab = new(Igd, new FakeGatewayQuirks { MaxExternalPort = 32767, IgdVersion = version });
        PortMapping mapping = await lab.MapAndReleaseAsync(Igd);
        Assert.InRange(mapping.ExternalPort, 1024, 32767);
        Assert.False(mapping.IsPermanent);
        Assert.InRange(lab.Gateway.MapRequests, 2, 6);
    }

    [Fact]
    public async Task GatewayThatWantsTheSamePortOnBothSides_GetsIt()
    {
        await using QuirkLab lab = new(Igd, new FakeGatewayQuirks { DemandsSamePort = true, IgdVersion = 1 });
        IPortMapper mapper = lab.Mapper(Igd);
        PortMappingRequest request = QuirkLab.Request with { SuggestedExternalPort = 40001 };
        PortMapping mapping = await lab.RunAsync(mapper.MapAsync(request, ExchangeEffort.Brisk, CancellationToken.None));
        Assert.Equal(QuirkLab.Port, mapping.ExternalPort);
        await lab.RunAsync(mapper.DeleteAsync(mapping, ExchangeEffort.Brisk, CancellationToken.None));
        Assert.Empty(lab.Gateway.Mappings);
    }

    [Theory]
    [InlineData(401)]
    [InlineData(501)]
    [InlineData(602)]
    public async Task GatewayWithoutAddAnyPortMapping_IsAskedByAddPortMapping_AndMapsOnce(int code)
    {
        await using QuirkLab lab = new(Igd, new FakeGatewayQuirks { AddAnyError = code });
        await lab.MapAndReleaseAsync(Igd);
        Assert.InRange(lab.Gateway.Count("AddAnyPortMapping"), 1, 2);
        Assert.Equal(1, lab.Gateway.Count("AddPortMapping"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("0")]
    [InlineData("-19858")]
    [InlineData("70000")]
    [InlineData("port")]
    public async Task GatewayThatDoesNotSayWhichPortItGave_IsLookedAt_AndNothingIsLeft(string answer)
    {
        await using QuirkLab lab = new(Igd, new FakeGatewayQuirks { AddAnyAnswer = answer });
        await lab.MapAndReleaseAsync(Igd);
    }

    [Fact]
    public async Task GatewayThatDropsMappings_IsNoticed_AndNotBelieved()
    {
        await using QuirkLab lab = new(Igd, new FakeGatewayQuirks { DropsMappings = true });
        await lab.StartInVainAsync();
        await lab.UntilAsync(() => lab.State.Reason != BtmmErrorReason.Timeout);
        Assert.Null(lab.State.Endpoint);
        await lab.Clock.RunForAsync(TimeSpan.FromMinutes(30));
        Assert.True(lab.Gateway.MapRequests <= 80, $"{lab.Gateway.MapRequests} requests to map in half an hour");
        lab.Quirks = new FakeGatewayQuirks();
        await lab.UntilAsync(() => lab.State.Phase == EndpointPhase.Available, TimeSpan.FromMinutes(20));
        await lab.ReleaseAsync();
    }

    [Theory]
    [InlineData(401)]
    [InlineData(501)]
    public async Task GatewayThatDoesNotShowMappings_IsBelieved(int code)
    {
        await using QuirkLab lab = new(Igd, new FakeGatewayQuirks { EntryError = code });
        await lab.MapAndReleaseAsync(Igd);
    }

    [Theory]
    [InlineData(606, BtmmErrorReason.PortMappingNotAuthorized)]
    [InlineData(501, BtmmErrorReason.PortMappingNetworkFailure)]
    [InlineData(728, BtmmErrorReason.PortMappingOutOfResources)]
    [InlineData(899, BtmmErrorReason.MalformedReply, BtmmErrorReason.PortMappingNetworkFailure)]
    public async Task GatewayWhoseFaultsComeWithStatus200_IsRefusing_NotMapping(int code, params BtmmErrorReason[] reasons)
    {
        await using QuirkLab lab = new(Igd, new FakeGatewayQuirks { AddError = code, FaultsWithOk = true });
        BtmmException e = await lab.FailAsync(lab.Mapper(Igd).MapAsync(QuirkLab.Request, ExchangeEffort.Brisk, CancellationToken.None));
        Assert.Contains(e.Reason, reasons);
        Assert.Equal(code, e.ProtocolCode);
        Assert.NotEmpty(e.Remedy);
        Assert.InRange(lab.Gateway.MapRequests, 1, 4);
    }

    [Fact]
    public async Task GatewayWhoseFaultsAreEmpty_IsRefusing_NotMapping()
    {
        await using QuirkLab lab = new(Igd, new FakeGatewayQuirks { AddError = 501, EmptyFaults = true });
        BtmmException e = await lab.FailAsync(lab.Mapper(Igd).MapAsync(QuirkLab.Request, ExchangeEffort.Brisk, CancellationToken.None));
        Assert.NotEmpty(e.Remedy);
        Assert.InRange(lab.Gateway.MapRequests, 1, 4);
        Assert.Empty(lab.Gateway.Mappings);
    }

    [Fact]
    public async Task GatewayWhoseAnswersAreEmpty_HasNoAddress_AndKeepsNoMapping()
    {
        await using QuirkLab lab = new(Igd, new FakeGatewayQuirks { EmptyAnswers = true });
        await lab.StartInVainAsync();
        await lab.UntilAsync(() => lab.State.Reason != BtmmErrorReason.Timeout);
        Assert.Null(lab.State.Endpoint);
        Assert.NotEmpty(lab.State.Remedy);
        await lab.ReleaseAsync();
    }

    [Theory]
    [InlineData(401)]
    [InlineData(501)]
    public async Task GatewayThatDoesNotTellItsAddress_IsSaidToHaveNone_AndKeepsNoMapping(int code)
    {
        await using QuirkLab lab = new(Igd, new FakeGatewayQuirks { AddressError = code });
        await lab.StartInVainAsync();
        await lab.UntilAsync(() => lab.State.Reason != BtmmErrorReason.Timeout);
        Assert.Null(lab.State.Endpoint);
        Assert.NotEmpty(lab.State.Remedy);
        Assert.Empty(lab.Gateway.Mappings);
        await lab.ReleaseAsync();
    }

    [Fact]
    public async Task GatewayThatForgotTheMapping_LetsItBeDeleted_WithoutAnError()
    {
        await using QuirkLab lab = new(Igd);
        IPortMapper mapper = lab.Mapper(Igd);
        PortMapping mapping = await lab.RunAsync(mapper.MapAsync(QuirkLab.Request, ExchangeEffort.Brisk, CancellationToken.None));
        lab.Gateway.Forget();
        await lab.RunAsync(mapper.DeleteAsync(mapping, ExchangeEffort.Brisk, CancellationToken.None));
        Assert.Empty(lab.Memory.Mappings);
    }

    [Fact]
    public async Task GatewayOfAnyKind_IsNeverSubscribedTo_AndAskedForNothingUnknown()
    {
        await using QuirkLab lab = new(Igd);
        await lab.StartAsync();
        await lab.Clock.RunForAsync(TimeSpan.FromMinutes(3));
        await lab.ReleaseAsync();
        Assert.Equal(0, lab.Gateway.Count(FakeGatewayRequestKind.Malformed));
        Assert.DoesNotContain(lab.Gateway.HttpRequests, request => request.Method is not ("GET" or "POST"));
    }

    private static bool IsLeaseAsked(FakeSoapRequest request) =>
        request.Arguments.TryGetValue("NewLeaseDuration", out string? lease) && lease != "0";
}
