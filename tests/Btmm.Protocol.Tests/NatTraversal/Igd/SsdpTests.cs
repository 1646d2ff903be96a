using System.Net;
using System.Text;
using Btmm.Protocol.NatTraversal.Igd;
using Btmm.Protocol.Tests.Dns;

namespace Btmm.Protocol.Tests.NatTraversal;

public sealed class SsdpTests
{
    private const int MutationSeed = 239;

    private const string Answer = "HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=120\r\nST: urn:schemas-upnp-org:device:InternetGatewayDevice:1\r\n"
        + "USN: uuid:1::urn:schemas-upnp-org:device:InternetGatewayDevice:1\r\nEXT:\r\nSERVER: Example/1 UPnP/1.1 x/2\r\n"
        + "LOCATION: http://192.168.1.1:33027/rootDesc.xml\r\nBOOTID.UPNP.ORG: 1795709378\r\n\r\n";

    private const string Alive = "NOTIFY * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nNT: urn:schemas-upnp-org:service:WANIPConnection:2\r\n"
        + "NTS: ssdp:alive\r\nLOCATION: http://192.168.1.1:5000/rootDesc.xml\r\nUSN: uuid:1::urn:schemas-upnp-org:service:WANIPConnection:2\r\nBOOTID.UPNP.ORG: 7\r\n\r\n";

    [Fact]
    public void Search_Written_IsWhatUpnpAsksFor()
    {
        byte[] buffer = new byte[512];
        Assert.True(new SsdpSearch(SsdpSearch.Group, SsdpTarget.GatewayDevice2).TryWrite(buffer, out int length));
        Assert.Equal(
            "M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: \"ssdp:discover\"\r\nMX: 1\r\nST: urn:schemas-upnp-org:device:InternetGatewayDevice:2\r\n\r\n",
            Encoding.ASCII.GetString(buffer, 0, length));
        Assert.False(new SsdpSearch(SsdpSearch.Group, SsdpTarget.GatewayDevice2).TryWrite(new byte[100], out _));
    }

    [Fact]
    public void Search_ToOneHost_NamesIt()
    {
        byte[] buffer = new byte[512];
        Assert.True(new SsdpSearch(IPEndPoint.Parse("192.168.1.1:1900"), SsdpTarget.All).TryWrite(buffer, out int length));
        Assert.Contains("\r\nHOST: 192.168.1.1:1900\r\n", Encoding.ASCII.GetString(buffer, 0, length), StringComparison.Ordinal);
    }

    [Fact]
    public void Rounds_Together_AskForEverything()
    {
        string[] asked = [.. Enumerable.Range(0, 4).SelectMany(SsdpTarget.Round).Distinct()];
        Assert.Equal(7, asked.Length);
        Assert.Equal([SsdpTarget.GatewayDevice1, SsdpTarget.GatewayDevice2], SsdpTarget.Round(0));
        Assert.Contains(SsdpTarget.WanPppConnection1, SsdpTarget.Round(1));
        Assert.Contains(SsdpTarget.All, SsdpTarget.Round(3));
        Assert.Equal(SsdpTarget.Round(0), SsdpTarget.Round(4));
    }

    [Fact]
    public void Answer_Usual_IsRead()
    {
        Assert.True(SsdpAnswer.TryParse(Bytes(Answer), out SsdpAnswer answer));
        Assert.Equal("http://192.168.1.1:33027/rootDesc.xml", answer.Location);
        Assert.Equal(SsdpTarget.GatewayDevice1, answer.Target);
        Assert.Equal("Example/1 UPnP/1.1 x/2", answer.Server);
        Assert.Equal(1795709378u, answer.BootId);
        Assert.True(answer.IsGateway);
    }

    [Theory]
    [InlineData("http/1.0 200 OK\nlocation:http://192.168.1.1/d.xml\nst:upnp:rootdevice\n")]
    [InlineData("HTTP/1.1  200\r\nLocation :\thttp://192.168.1.1/d.xml \r\nnonsense\r\nLOCATION: http://192.168.1.9/\r\n")]
    public void Answer_Untidy_IsRead(string text)
    {
        Assert.True(SsdpAnswer.TryParse(Bytes(text), out SsdpAnswer answer));
        Assert.Equal("http://192.168.1.1/d.xml", answer.Location);
        Assert.False(answer.IsGateway);
        Assert.Null(answer.BootId);
    }

    [Theory]
    [InlineData("")]
    [InlineData("\r\n\r\n")]
    [InlineData("HTTP/1.1 404 Not Found\r\nLOCATION: http://192.168.1.1/\r\n\r\n")]
    [InlineData("HTTP/1.1\r\nLOCATION: http://192.168.1.1/\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nST: x\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nLOCATION:\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\n\r\nLOCATION: http://192.168.1.1/\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nX: \0\r\nLOCATION: http://192.168.1.1/\r\n")]
    [InlineData("M-SEARCH * HTTP/1.1\r\nLOCATION: http://192.168.1.1/\r\n\r\n")]
    [InlineData(Alive)]
    public void Answer_None_IsRefused(string text) => Assert.False(SsdpAnswer.TryParse(Bytes(text), out _));

    [Fact]
    public void Answer_BeyondTheLimits_IsRefused()
    {
        string many = string.Concat(Enumerable.Range(0, IgdConstants.MaxSsdpHeaders).Select(i => $"A{i}: b\r\n"));
        Assert.False(SsdpAnswer.TryParse(Bytes(Answer[..^2] + many), out _));
        Assert.False(SsdpAnswer.TryParse(Bytes(Answer[..^2] + $"X: {new string('x', 3000)}\r\n"), out _));
        Assert.False(SsdpAnswer.TryParse(Bytes($"HTTP/1.1 200 OK\r\nLOCATION: http://192.168.1.1/{new string('x', 600)}\r\n"), out _));
    }

    [Fact]
    public void Notice_Alive_IsRead()
    {
        Assert.True(SsdpNotice.TryParse(Bytes(Alive), out SsdpNotice notice));
        Assert.Equal((SsdpNoticeKind.Alive, 7u, true), (notice.Kind, notice.BootId, notice.IsGateway));
        Assert.Equal("http://192.168.1.1:5000/rootDesc.xml", notice.Location);
    }

    [Fact]
    public void Notice_Byebye_IsRead()
    {
        string text = Alive.Replace("ssdp:alive", "SSDP:ByeBye", StringComparison.Ordinal).Replace("LOCATION", "X", StringComparison.Ordinal);
        Assert.True(SsdpNotice.TryParse(Bytes(text), out SsdpNotice notice));
        Assert.Equal((SsdpNoticeKind.Byebye, null), (notice.Kind, notice.Location));
    }

    [Fact]
    public void Notice_Update_GivesTheNextBootId()
    {
        string text = Alive.Replace("ssdp:alive", "ssdp:update\r\nNEXTBOOTID.UPNP.ORG: 8", StringComparison.Ordinal);
        Assert.True(SsdpNotice.TryParse(Bytes(text), out SsdpNotice notice));
        Assert.Equal((SsdpNoticeKind.Update, 8u), (notice.Kind, notice.BootId));
    }

    [Theory]
    [InlineData("")]
    [InlineData(Answer)]
    [InlineData("NOTIFY * HTTP/1.1\r\nNT: upnp:rootdevice\r\n\r\n")]
    [InlineData("NOTIFY * HTTP/1.1\r\nNTS: upnp:propchange\r\n\r\n")]
    public void Notice_None_IsRefused(string text) => Assert.False(SsdpNotice.TryParse(Bytes(text), out _));

    [Fact]
    public void Parse_TruncationsAndMutations_NeverThrow()
    {
        byte[][] good = [Bytes(Answer), Bytes(Alive)];
        foreach (byte[] bad in good.SelectMany(Mutations.Truncations)) Read(bad);
        foreach (byte[] bad in good.SelectMany(Mutations.SingleByteChanges)) Read(bad);
        foreach (byte[] bad in Mutations.Random(good, 20_000, MutationSeed)) Read(bad);
    }

    private static void Read(byte[] message)
    {
        if (SsdpAnswer.TryParse(message, out SsdpAnswer answer)) Assert.InRange(answer.Location.Length, 1, IgdConstants.MaxUrlLength);
        if (SsdpNotice.TryParse(message, out SsdpNotice notice)) _ = notice.IsGateway;
    }

    private static byte[] Bytes(string text) => Encoding.Latin1.GetBytes(text);
}
