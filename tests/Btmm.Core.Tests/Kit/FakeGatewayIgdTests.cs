using System.Net;
using System.Net.Sockets;
using System.Text;
using Btmm.Core.Contracts;
using Btmm.TestKit;

namespace Btmm.Core.Tests.Kit;

/// <summary>The gateway that other tests stand on, asked by UPnP in text.</summary>
public sealed class FakeGatewayIgdTests : IAsyncDisposable
{
    private const string Service = "urn:schemas-upnp-org:service:WANIPConnection:2";
    private readonly FakeClock _clock = new();
    private readonly VirtualWire _wire;
    private readonly FakeGateway _gateway;
    private readonly VirtualHost _host;

    public FakeGatewayIgdTests()
    {
        _wire = new VirtualWire(_clock);
        _gateway = new FakeGateway(_wire, "192.168.1.1", "203.0.113.10", _clock, FakeGatewayProtocols.Igd);
        _host = _wire.Host("192.168.1.100");
    }

    public async ValueTask DisposeAsync() => await _gateway.DisposeAsync();

    [Theory]
    [InlineData("192.168.1.1", "urn:schemas-upnp-org:service:WANIPConnection:1", true)]
    [InlineData("239.255.255.250", Service, true)]
    [InlineData("239.255.255.250", "upnp:rootdevice", true)]
    [InlineData("239.255.255.250", "urn:schemas-upnp-org:service:WANPPPConnection:1", false)]
    public async Task Gateway_Search_AnsweredWhenItFits(string to, string target, bool answered)
    {
        await using IDatagramChannel channel = _host.Open(new DatagramChannelOptions(new IPEndPoint(IPAddress.Any, 0)));
        string search = $"M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nST: {target}\r\nMAN: \"ssdp:discover\"\r\nMX: 1\r\n\r\n";
        await channel.SendAsync(Encoding.ASCII.GetBytes(search), new IPEndPoint(IPAddress.Parse(to), 1900), CancellationToken.None);
        await FakeClock.SettleAsync();
        Assert.Equal(answered ? 2 : 1, _wire.Sent.Count);
        Assert.Equal(1, _gateway.Count(FakeGatewayRequestKind.Discover));
        if (!answered) return;
        string text = Encoding.ASCII.GetString(_wire.Sent[1].Payload.Span);
        Assert.Contains("LOCATION: http://192.168.1.1:5000/rootDesc.xml\r\n", text, StringComparison.Ordinal);
        Assert.Contains($"ST: {target}\r\n", text, StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Gateway_Actions_KeepOneTable()
    {
        Assert.Contains("<controlURL>/ctl/IPConn</controlURL>", await HttpAsync("GET /rootDesc.xml HTTP/1.1\r\nHost: x\r\n\r\n"), StringComparison.Ordinal);
        Assert.Contains("<NewExternalIPAddress>203.0.113.10<", await SoapAsync("GetExternalIPAddress"), StringComparison.Ordinal);
        Assert.Contains("<NewConnectionStatus>Connected<", await SoapAsync("GetStatusInfo"), StringComparison.Ordinal);
        Assert.Contains("<NewReservedPort>4500<", await SoapAsync("AddAnyPortMapping", Mapping(4500, 3600)), StringComparison.Ordinal);
        Assert.Contains("<NewLeaseDuration>3600<", await SoapAsync("GetSpecificPortMappingEntry", Mapping(4500, 0)), StringComparison.Ordinal);
        Assert.Contains("<NewInternalClient>192.168.1.100<", await SoapAsync("GetGenericPortMappingEntry", "<NewPortMappingIndex>0</NewPortMappingIndex>"), StringComparison.Ordinal);
        _gateway.TakePort(4501);
        Assert.Contains("<errorCode>718<", await SoapAsync("AddPortMapping", Mapping(4501, 0)), StringComparison.Ordinal);
        Assert.Contains("HTTP/1.1 200", await SoapAsync("DeletePortMapping", Mapping(4500, 0)), StringComparison.Ordinal);
        Assert.Contains("<errorCode>714<", await SoapAsync("DeletePortMapping", Mapping(4500, 0)), StringComparison.Ordinal);
        Assert.Empty(_gateway.Mappings);
        Assert.Equal((2, 2), (_gateway.MapRequests, _gateway.DeleteRequests));
        Assert.All(_gateway.Log, request => Assert.NotEqual(FakeGatewayRequestKind.Malformed, request.Kind));
    }

    [Theory]
    [InlineData(FakeHttpFraming.ContentLengthThenClose)]
    [InlineData(FakeHttpFraming.Chunked)]
    [InlineData(FakeHttpFraming.UntilClose)]
    public async Task Gateway_Framing_BodyStaysWhole(FakeHttpFraming framing)
    {
        _gateway.Quirks = new FakeGatewayQuirks { HttpFraming = framing, HttpLowerCase = true, DescriptionPadding = 100_000 };
        string text = await HttpAsync("GET /rootDesc.xml HTTP/1.1\r\nHost: x\r\n\r\n");
        Assert.Contains("\r\ncontent-type: ", text, StringComparison.Ordinal);
        Assert.Equal(framing == FakeHttpFraming.Chunked, text.EndsWith("0\r\n\r\n", StringComparison.Ordinal));
        Assert.InRange(text.Length, 100_500, 110_000);
    }

    [Fact]
    public async Task Gateway_Closed_RefusesConnections()
    {
        await _gateway.CloseAsync();
        SocketException e = await Assert.ThrowsAsync<SocketException>(() => HttpAsync("GET / HTTP/1.1\r\n\r\n"));
        Assert.Equal(SocketError.ConnectionRefused, e.SocketErrorCode);
    }

    private static string Mapping(int port, int lease) =>
        $"<NewRemoteHost></NewRemoteHost><NewExternalPort>{port}</NewExternalPort><NewProtocol>UDP</NewProtocol><NewInternalPort>4500</NewInternalPort>"
        + $"<NewInternalClient>192.168.1.100</NewInternalClient><NewEnabled>1</NewEnabled><NewPortMappingDescription>x</NewPortMappingDescription><NewLeaseDuration>{lease}</NewLeaseDuration>";

    private Task<string> SoapAsync(string action, string arguments = "")
    {
        string body = $"<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body><u:{action} xmlns:u=\"{Service}\">{arguments}</u:{action}></s:Body></s:Envelope>";
        return HttpAsync($"POST /ctl/IPConn HTTP/1.1\r\nHost: x\r\nSOAPAction: \"{Service}#{action}\"\r\nContent-Length: {body.Length}\r\n\r\n{body}");
    }

    /// <summary>Everything that comes back until nothing more does.</summary>
    private async Task<string> HttpAsync(string request)
    {
        await using Stream stream = await _host.ConnectAsync(IPEndPoint.Parse("192.168.1.1:5000"), CancellationToken.None);
        await stream.WriteAsync(Encoding.ASCII.GetBytes(request));
        StringBuilder text = new();
        byte[] buffer = new byte[10_000];
        while (true)
        {
            using CancellationTokenSource enough = new();
            Task<int> read = stream.ReadAsync(buffer, enough.Token).AsTask();
            await FakeClock.SettleAsync();
            if (!read.IsCompleted) await enough.CancelAsync();
            await ((Task)read).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!read.IsCompletedSuccessfully || await read == 0) return text.ToString();
            text.Append(Encoding.ASCII.GetString(buffer, 0, await read));
        }
    }
}
