using System.Net;
using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal;
using Btmm.Protocol.NatTraversal;
using Btmm.Protocol.NatTraversal.Igd;
using Btmm.TestKit;

namespace Btmm.Core.Tests.NatTraversal.Igd;

/// <summary>What a UPnP gateway is asked before anything is mapped.</summary>
public sealed class IgdQueryTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Query_Gateway_GivesAddressAgeAndChangesNothing(int version)
    {
        await using IgdFixture host = new(new FakeGatewayQuirks { IgdVersion = version });
        GatewayAnswer answer = await host.QueryAsync();
        Assert.Equal(PortMappingMethod.Igd, answer.Method);
        Assert.Equal(IPAddress.Parse("203.0.113.10"), answer.ExternalAddress);
        Assert.Equal(ExternalAddressKind.Public, answer.Kind);
        Assert.Equal(TimeSpan.FromHours(5), answer.StateAge);
        Assert.Equal(version, host.Mapper.Service?.Version);
        Assert.Equal("Fake InternetGatewayDevice", host.Mapper.Description?.FriendlyName);
        Assert.Equal($"Fake InternetGatewayDevice, WANIPConnection:{version}", answer.Detail);
        Assert.Equal(0, host.Gateway.MapRequests);
        Assert.Equal(0, host.Gateway.Count(FakeGatewayRequestKind.Malformed));
        Assert.Equal(0, host.Mapper.RefusedAnswers);
    }

    [Fact]
    public async Task Query_GoodGateway_NeedsNoVirtualTime()
    {
        await using IgdFixture host = new();
        await host.QueryAsync();
        Assert.Equal(TimeSpan.Zero, host.Clock.Elapsed);
    }

    [Fact]
    public async Task Query_Again_AsksTheKnownServiceOnly()
    {
        await using IgdFixture host = new();
        await host.QueryAsync();
        int searches = host.Gateway.Count(FakeGatewayRequestKind.Discover);
        GatewayAnswer again = await host.QueryAsync(ExchangeEffort.Brisk);
        Assert.Equal(1, again.Tries);
        Assert.Equal(searches, host.Gateway.Count(FakeGatewayRequestKind.Discover));
    }

    [Theory]
    [InlineData("0.0.0.0")]
    [InlineData("")]
    [InlineData("unknown")]
    public async Task Query_NoUsableAddress_NetworkFailure(string told)
    {
        await using IgdFixture host = new(new FakeGatewayQuirks { IgdExternalAddress = told });
        BtmmException error = await host.QueryFailsAsync();
        Assert.Equal(BtmmErrorReason.PortMappingNetworkFailure, error.Reason);
        Assert.Contains("another NAT", error.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Query_PrivateAddress_IsToldAsSuch()
    {
        await using IgdFixture host = new(new FakeGatewayQuirks { IgdExternalAddress = "192.168.178.20" });
        Assert.Equal(ExternalAddressKind.Private, (await host.QueryAsync()).Kind);
    }

    [Fact]
    public async Task Query_NotConnected_IsNotFatal()
    {
        await using IgdFixture host = new(new FakeGatewayQuirks { IgdServices = [new FakeIgdService("WANIPConnection:1", "/ctl") { Status = "Disconnected" }] });
        Assert.Equal(ExternalAddressKind.Public, (await host.QueryAsync()).Kind);
    }

    [Fact]
    public async Task Query_StatusNotTold_IsNotFatal()
    {
        await using IgdFixture host = new(new FakeGatewayQuirks { StatusError = 401 });
        Assert.Null((await host.QueryAsync()).StateAge);
    }

    [Fact]
    public async Task Query_SilentGateway_SaysUnsupportedOrTimeout()
    {
        await using IgdFixture host = new(new FakeGatewayQuirks { Silent = true });
        Assert.Equal(BtmmErrorReason.PortMappingUnsupported, (await host.QueryFailsAsync()).Reason);
        Assert.Equal(BtmmErrorReason.Timeout, (await host.QueryFailsAsync(ExchangeEffort.Brief)).Reason);
        Assert.InRange(host.Clock.Elapsed, TimeSpan.FromSeconds(7), TimeSpan.FromSeconds(8));
    }

    [Fact]
    public async Task Query_NoServiceThere_SaysSo()
    {
        await using IgdFixture host = new(new FakeGatewayQuirks { Description = "<root><device><friendlyName>Television</friendlyName></device></root>" });
        BtmmException error = await host.QueryFailsAsync();
        Assert.Equal(BtmmErrorReason.PortMappingUnsupported, error.Reason);
        Assert.Contains("no service", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Service_Description_NamesMakerForPeople()
    {
        await using IgdFixture host = new(new FakeGatewayQuirks { IgdVersion = 1 });
        await host.QueryAsync();
        Assert.Equal(("Btmm", "Fake"), (host.Mapper.Description?.Manufacturer, host.Mapper.Description?.Model));
        Assert.Equal(IgdServiceKind.WanIp, host.Mapper.Service?.Kind);
    }

    [Fact]
    public async Task Operations_Cancelled_EndAtOnce()
    {
        await using IgdFixture host = new(new FakeGatewayQuirks { HttpSilent = true });
        using CancellationTokenSource stop = new();
        Task<GatewayAnswer> query = host.Mapper.QueryAsync(ExchangeEffort.Thorough, stop.Token);
        await FakeClock.SettleAsync();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => query);
        host.Gateway.Quirks = new FakeGatewayQuirks();
        await host.QueryAsync();
    }
}
