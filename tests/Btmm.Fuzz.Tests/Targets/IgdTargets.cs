using System.Net;
using System.Text;
using Btmm.Protocol.NatTraversal.Igd;
using Btmm.Protocol.Tests.NatTraversal;

namespace Btmm.Fuzz.Tests.Targets;

internal static class IgdTargets
{
    private static readonly IPAddress s_gateway = IPAddress.Parse("192.168.1.1");

    internal static IEnumerable<FuzzTarget> All =>
    [
        new("ssdp", [.. SsdpSamples()], Ssdp),
        new("igd-description", IgdDocuments.Descriptions, Description),
        new("igd-answer", IgdDocuments.Answers, Answer),
        new("igd-url", [.. UrlSamples()], Url),
    ];

    private static bool Ssdp(byte[] bytes)
    {
        bool isAnswer = SsdpAnswer.TryParse(bytes, out SsdpAnswer answer);
        if (isAnswer)
            Located(answer.Location);
        bool isNotice = SsdpNotice.TryParse(bytes, out SsdpNotice notice);
        return isAnswer || (isNotice && notice.IsGateway);
    }

    private static bool Description(byte[] bytes)
    {
        if (!IgdDescription.TryParse(bytes, out IgdDescription description))
            return false;
        Assert.Equal(IgdUrlFault.None, IgdUrl.Check("http://192.168.1.1/d.xml", s_gateway, out IgdUrl location));
        Assert.True(description.Services.Count <= IgdConstants.MaxServices);
        foreach (IgdService service in description.Services)
        {
            Resolved(service.ControlUrl, description.UrlBase, location);
            Assert.True(IgdRequest.GetStatusInfo(service.ServiceType).TryWrite(new byte[2048], out _));
        }

        return true;
    }

    private static bool Answer(byte[] bytes)
    {
        Assert.True(IgdAnswer.TryParse(bytes, success: false, out IgdAnswer failure) && failure.Error is not null);
        if (!IgdAnswer.TryParse(bytes, success: true, out IgdAnswer answer))
            return false;
        _ = answer.Error?.ToString();
        IgdStatus.Read(answer);
        IgdMappingEntry.TryRead(answer, out _);
        return true;
    }

    private static bool Url(byte[] bytes)
    {
        string text = Encoding.Latin1.GetString(bytes);
        int line = text.IndexOf('\n');
        Assert.Equal(IgdUrlFault.None, IgdUrl.Check("http://192.168.1.1:5000/a/d.xml", s_gateway, out IgdUrl location));
        return line < 0 ? Located(text) : Resolved(text[..line], text[(line + 1)..], location);
    }

    // Whatever it was made of, what is fetched is on the gateway.
    private static bool Located(string text)
    {
        bool isGood = IgdUrl.Check(text, s_gateway, out IgdUrl url) == IgdUrlFault.None;
        if (isGood)
            AssertHarmless(url);
        return isGood;
    }

    private static bool Resolved(string reference, string? urlBase, IgdUrl location)
    {
        bool isGood = IgdUrl.Resolve(reference, urlBase, location, out IgdUrl url) == IgdUrlFault.None;
        if (isGood)
            AssertHarmless(url);
        return isGood;
    }

    private static void AssertHarmless(IgdUrl url)
    {
        Assert.Equal(s_gateway, url.Endpoint.Address);
        Assert.InRange(url.Endpoint.Port, 1, 65535);
        Assert.StartsWith("/", url.PathAndQuery, StringComparison.Ordinal);
        Assert.DoesNotContain(url.PathAndQuery, static c => c is <= ' ' or >= (char)0x7F);
    }

    private static IEnumerable<byte[]> SsdpSamples() =>
    [
        Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\nST: urn:schemas-upnp-org:device:InternetGatewayDevice:1\r\nUSN: uuid:1\r\nLOCATION: http://192.168.1.1:33027/rootDesc.xml\r\nBOOTID.UPNP.ORG: 1\r\n\r\n"),
        Encoding.ASCII.GetBytes("NOTIFY * HTTP/1.1\r\nNT: urn:schemas-upnp-org:service:WANIPConnection:1\r\nNTS: ssdp:alive\r\nLOCATION: http://192.168.1.1/\r\nBOOTID.UPNP.ORG: 1\r\n\r\n"),
        Encoding.ASCII.GetBytes("NOTIFY * HTTP/1.1\r\nNT: urn:schemas-upnp-org:device:WANDevice:1\r\nNTS: ssdp:byebye\r\n\r\n"),
    ];

    private static IEnumerable<byte[]> UrlSamples() =>
    [
        Encoding.ASCII.GetBytes("http://192.168.1.1:80/rootDesc.xml?a=1#b"),
        Encoding.ASCII.GetBytes("/ctl/IPConn\nhttp://192.168.1.1:5431"),
        Encoding.ASCII.GetBytes("../ctl\n/base/"),
    ];
}
