using System.Net;
using Btmm.Protocol.NatTraversal.Igd;

namespace Btmm.Protocol.Tests.NatTraversal;

public sealed class IgdUrlTests
{
    private static readonly IPAddress s_gateway = IPAddress.Parse("192.168.1.1");

    [Theory]
    [InlineData("http://192.168.1.1/rootDesc.xml", "http://192.168.1.1:80/rootDesc.xml")]
    [InlineData("HTTP://192.168.1.1:33027/rootDesc.xml?x=1", "http://192.168.1.1:33027/rootDesc.xml?x=1")]
    [InlineData("http://192.168.1.1:5000", "http://192.168.1.1:5000/")]
    [InlineData("http://192.168.1.1:80/a/../b.xml#part", "http://192.168.1.1:80/b.xml")]
    public void Location_OnTheGateway_IsTaken(string text, string expected)
    {
        Assert.Equal(IgdUrlFault.None, IgdUrl.Check(text, s_gateway, out IgdUrl url));
        Assert.Equal(expected, url.ToString());
    }

    [Theory]
    [InlineData("http://192.168.1.2/rootDesc.xml", IgdUrlFault.Host)]
    [InlineData("http://198.51.100.1/rootDesc.xml", IgdUrlFault.Host)]
    [InlineData("http://router.example/rootDesc.xml", IgdUrlFault.Host)]
    [InlineData("http://192.168.1.1.example/rootDesc.xml", IgdUrlFault.Host)]
    [InlineData("http://127.0.0.1/rootDesc.xml", IgdUrlFault.Host)]
    [InlineData("http://[::ffff:192.168.1.1]/rootDesc.xml", IgdUrlFault.Host)]
    [InlineData("http://user@192.168.1.1/x", IgdUrlFault.Malformed)]
    [InlineData("http://192.168.1.1@198.51.100.1/x", IgdUrlFault.Malformed)]
    [InlineData("https://192.168.1.1/rootDesc.xml", IgdUrlFault.Scheme)]
    [InlineData("ftp://192.168.1.1/rootDesc.xml", IgdUrlFault.Scheme)]
    [InlineData("file:///etc/passwd", IgdUrlFault.Scheme)]
    [InlineData("/rootDesc.xml", IgdUrlFault.Scheme)]
    [InlineData("rootDesc.xml", IgdUrlFault.Malformed)]
    [InlineData("http://192.168.1.1:0/x", IgdUrlFault.Port)]
    [InlineData("http://192.168.1.1:25/x", IgdUrlFault.Port)]
    [InlineData("http://192.168.1.1:65536/x", IgdUrlFault.Malformed)]
    [InlineData("http://192.168.1.1/a b", IgdUrlFault.Malformed)]
    [InlineData("http://192.168.1.1\\@198.51.100.1/", IgdUrlFault.Malformed)]
    [InlineData("http://192.168.1.1/\r\nEvil: 1", IgdUrlFault.Malformed)]
    [InlineData("", IgdUrlFault.Malformed)]
    public void Location_Elsewhere_IsRefused(string text, IgdUrlFault fault) =>
        Assert.Equal(fault, IgdUrl.Check(text, s_gateway, out _));

    [Fact]
    public void Location_TooLong_IsRefused() =>
        Assert.Equal(IgdUrlFault.Malformed, IgdUrl.Check($"http://192.168.1.1/{new string('a', 600)}", s_gateway, out _));

    [Theory]
    [InlineData("/ctl/IPConn", null, "http://192.168.1.1:5000/ctl/IPConn")]
    [InlineData("ctl/IPConn", null, "http://192.168.1.1:5000/desc/ctl/IPConn")]
    [InlineData("ctl/IPConn", "", "http://192.168.1.1:5000/desc/ctl/IPConn")]
    [InlineData("ctl/IPConn", "http://192.168.1.1:5431", "http://192.168.1.1:5431/ctl/IPConn")]
    [InlineData("/ctl/IPConn", "http://192.168.1.1:5431/", "http://192.168.1.1:5431/ctl/IPConn")]
    [InlineData("ctl", "/base/", "http://192.168.1.1:5000/base/ctl")]
    [InlineData("ctl", "a b", "http://192.168.1.1:5000/desc/ctl")]
    [InlineData("http://192.168.1.1:6000/c", "http://192.168.1.1:5431", "http://192.168.1.1:6000/c")]
    [InlineData("?a=1", null, "http://192.168.1.1:5000/desc/root.xml?a=1")]
    [InlineData("uuid:1/WANIPConnection:1", null, null)]
    public void Resolve_ControlUrl_FollowsTheBase(string reference, string? urlBase, string? expected)
    {
        IgdUrlFault fault = Resolve(reference, urlBase, out IgdUrl url);
        if (expected is null) Assert.NotEqual(IgdUrlFault.None, fault);
        else Assert.Equal((IgdUrlFault.None, expected), (fault, url.ToString()));
    }

    [Theory]
    [InlineData("http://198.51.100.1/c", null, IgdUrlFault.Host)]
    [InlineData("/c", "http://198.51.100.1/", IgdUrlFault.Host)]
    [InlineData("//198.51.100.1/c", null, IgdUrlFault.Host)]
    [InlineData("https://192.168.1.1/c", null, IgdUrlFault.Scheme)]
    [InlineData("/c", "https://192.168.1.1/", IgdUrlFault.Scheme)]
    [InlineData("javascript:x", null, IgdUrlFault.Scheme)]
    [InlineData("http://192.168.1.1:22/c", null, IgdUrlFault.Port)]
    [InlineData("", null, IgdUrlFault.Malformed)]
    public void Resolve_Elsewhere_IsRefused(string reference, string? urlBase, IgdUrlFault fault) =>
        Assert.Equal(fault, Resolve(reference, urlBase, out _));

    private static IgdUrlFault Resolve(string reference, string? urlBase, out IgdUrl url)
    {
        Assert.Equal(IgdUrlFault.None, IgdUrl.Check("http://192.168.1.1:5000/desc/root.xml", s_gateway, out IgdUrl location));
        return IgdUrl.Resolve(reference, urlBase, location, out url);
    }
}
