using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal;
using Btmm.TestKit;

namespace Btmm.Core.Tests.NatTraversal.Quirks;

/// <summary>What is wrong with gateways' descriptions, and with their services.</summary>
public sealed class IgdDescriptionQuirkTests
{
    private const PortMappingMethod Igd = PortMappingMethod.Igd;

    [Theory]
    [InlineData("")]
    [InlineData("http://192.168.1.1:5000")]
    [InlineData("http://192.168.1.1:5000/")]
    public async Task GatewayWithAUrlBaseOfItsOwnOrNone_IsControlled_AtItself(string urlBase)
    {
        await using QuirkLab lab = new(Igd, new FakeGatewayQuirks { UrlBase = urlBase });
        await lab.MapAndReleaseAsync(Igd);
    }

    [Theory]
    [InlineData("http://192.0.2.66:5000/", "/ctl/IPConn")]
    [InlineData(null, "http://192.0.2.66:5000/ctl/IPConn")]
    [InlineData(null, "//192.0.2.66:5000/ctl/IPConn")]
    public async Task GatewayThatIsControlledElsewhere_IsNotFollowed_AndMapsNothing(string? urlBase, string control)
    {
        await using QuirkLab lab = new(Igd, new FakeGatewayQuirks
        {
            UrlBase = urlBase,
            IgdServices = [new FakeIgdService("WANIPConnection:1", control)],
        });
        BtmmException e = await lab.FailAsync(lab.Mapper(Igd).QueryAsync(ExchangeEffort.Thorough, CancellationToken.None));
        Assert.Equal(BtmmErrorReason.PortMappingUnsupported, e.Reason);
        Assert.NotEmpty(e.Remedy);
        Assert.Empty(lab.Gateway.SoapRequests);
        lab.OnlyTheGatewayWasAsked();
    }

    [Theory]
    [InlineData("ctl/IPConn")]
    [InlineData("/ctl/IPConn?service=wan&id=1")]
    [InlineData("http://192.168.1.1:5000/ctl/IPConn")]
    public async Task GatewayWithAnOddControlUrl_IsControlled_AtItself(string control)
    {
        await using QuirkLab lab = new(Igd, new FakeGatewayQuirks
        {
            IgdServices = [new FakeIgdService("WANIPConnection:1", control)],
        });
        await lab.MapAndReleaseAsync(Igd);
    }

    [Fact]
    public async Task GatewayWithAServiceWithoutControlUrl_IsControlledByTheOther_AndDoesNotCrash()
    {
        await using QuirkLab lab = new(Igd, new FakeGatewayQuirks
        {
            IgdServices = [new FakeIgdService("WANIPConnection:2", null), new FakeIgdService("WANIPConnection:1", "/ctl/IPConn")],
        });
        await lab.MapAndReleaseAsync(Igd);
    }

    [Fact]
    public async Task GatewayWithoutAnyControlUrl_IsToldToMapNothing_AndNotAsked()
    {
        await using QuirkLab lab = new(Igd, new FakeGatewayQuirks { IgdServices = [new FakeIgdService("WANIPConnection:1", null)] });
        BtmmException e = await lab.FailAsync(lab.Mapper(Igd).QueryAsync(ExchangeEffort.Thorough, CancellationToken.None));
        Assert.Equal(BtmmErrorReason.PortMappingUnsupported, e.Reason);
        Assert.Empty(lab.Gateway.SoapRequests);
    }

    [Theory]
    [InlineData("WANIPConnection:1")]
    [InlineData("WANPPPConnection:1")]
    public async Task GatewayOfTheFirstGeneration_IsUsed_WithoutAddAnyPortMapping(string service)
    {
        await using QuirkLab lab = new(Igd, new FakeGatewayQuirks { IgdVersion = 1, IgdServices = [new FakeIgdService(service, "/ctl")] });
        await lab.MapAndReleaseAsync(Igd);
        Assert.Equal(0, lab.Gateway.Count("AddAnyPortMapping"));
        Assert.Equal(1, lab.Gateway.Count("AddPortMapping"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task GatewayWithTwoConnections_IsUsedOverTheOneThatIsUp_WhicheverIsFirst(bool upFirst)
    {
        FakeIgdService down = new("WANIPConnection:1", "/ctl/IP") { Status = "Disconnected", ExternalAddress = "0.0.0.0" };
        FakeIgdService up = new("WANPPPConnection:1", "/ctl/PPP");
        await using QuirkLab lab = new(Igd, new FakeGatewayQuirks { IgdVersion = 1, IgdServices = upFirst ? [up, down] : [down, up] });
        await lab.MapAndReleaseAsync(Igd);
        Assert.All(
            lab.Gateway.SoapRequests.Where(request => request.Action.EndsWith("PortMapping", StringComparison.Ordinal)),
            request => Assert.Equal("urn:schemas-upnp-org:service:WANPPPConnection:1", request.Service));
    }

    [Fact]
    public async Task GatewayThatCallsItselfDisconnected_IsUsedAllTheSame_WhenItIsTheOnlyOne()
    {
        await using QuirkLab lab = new(Igd, new FakeGatewayQuirks
        {
            IgdServices = [new FakeIgdService("WANIPConnection:2", "/ctl/IPConn") { Status = "Disconnected" }],
        });
        await lab.MapAndReleaseAsync(Igd);
    }

    [Fact]
    public async Task GatewayWithoutStatus_IsUsedAllTheSame()
    {
        await using QuirkLab lab = new(Igd, new FakeGatewayQuirks { StatusError = 401 });
        await lab.MapAndReleaseAsync(Igd);
    }

    [Theory]
    [InlineData("")]
    [InlineData("<html><body>Please log in</body></html>")]
    [InlineData("<?xml version=\"1.0\"?><root xmlns=\"urn:schemas-upnp-org:device-1-0\"/>")]
    [InlineData("<?xml version=\"1.0\"?><root xmlns=\"urn:schemas-upnp-org:device-1-0\"><device><serviceList><service/></serviceList></device></root>")]
    [InlineData("<?xml version=\"1.0\"?><root><device><deviceList>")]
    public async Task GatewayWithNonsenseForADescription_IsRefused_AndNotAsked(string description)
    {
        await using QuirkLab lab = new(Igd, new FakeGatewayQuirks { Description = description });
        BtmmException e = await lab.FailAsync(lab.Mapper(Igd).QueryAsync(ExchangeEffort.Thorough, CancellationToken.None));
        Assert.Contains(e.Reason, new[] { BtmmErrorReason.PortMappingUnsupported, BtmmErrorReason.MalformedReply });
        Assert.NotEmpty(e.Remedy);
        Assert.Empty(lab.Gateway.SoapRequests);
        Assert.Equal(1, lab.Gateway.Count("GET"));
        lab.OnlyTheGatewayWasAsked();
    }

    [Theory]
    [InlineData(404)]
    [InlineData(503)]
    public async Task GatewayWhoseDescriptionIsGone_IsRefused_AndFoundAgainLater(int status)
    {
        await using QuirkLab lab = new(Igd, new FakeGatewayQuirks { DescriptionStatus = status });
        IPortMapper mapper = lab.Mapper(Igd);
        BtmmException e = await lab.FailAsync(mapper.QueryAsync(ExchangeEffort.Brisk, CancellationToken.None));
        Assert.NotEmpty(e.Remedy);
        lab.Quirks = new FakeGatewayQuirks();
        await lab.RunAsync(mapper.QueryAsync(ExchangeEffort.Brisk, CancellationToken.None));
    }

    [Fact]
    public async Task GatewayThatChangesItsControlUrl_IsFoundAgain_AndMapsOnce()
    {
        await using QuirkLab lab = new(Igd);
        await lab.StartAsync();
        lab.Quirks = new FakeGatewayQuirks { IgdServices = [new FakeIgdService("WANIPConnection:2", "/control/7")] };
        lab.Gateway.Reboot(announce: false);
        TimeSpan took = await lab.UntilAsync(() => lab.Gateway.Mappings.Count == 1);
        Assert.True(took <= TimeSpan.FromSeconds(40), $"{took}");
        await lab.ReleaseAsync();
    }
}
