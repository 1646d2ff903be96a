using System.Net;
using System.Text;
using System.Xml;
using Btmm.Protocol.NatTraversal.Igd;

namespace Btmm.Protocol.Tests.NatTraversal;

public sealed class IgdRequestTests
{
    private const string Service = "urn:schemas-upnp-org:service:WANIPConnection:1";
    private static readonly IgdMapping s_mapping = new(IgdTransport.Udp, 54500, IPAddress.Parse("192.168.1.100"), 4500, "a <b> & \"c\"\0", 3600);

    [Fact]
    public void AddPortMapping_Arguments_AreInTheTemplatesOrder()
    {
        IgdRequest request = IgdRequest.AddPortMapping(Service, s_mapping);
        Assert.Equal($"\"{Service}#AddPortMapping\"", request.SoapAction);
        Assert.Equal(
            [
                ("NewRemoteHost", ""), ("NewExternalPort", "54500"), ("NewProtocol", "UDP"), ("NewInternalPort", "4500"),
                ("NewInternalClient", "192.168.1.100"), ("NewEnabled", "1"), ("NewPortMappingDescription", "a <b> & \"c\" "),
                ("NewLeaseDuration", "3600"),
            ],
            Arguments(request));
    }

    [Fact]
    public void AddAnyPortMapping_Tcp_IsTheSameWithItsOwnName()
    {
        IgdRequest request = IgdRequest.AddAnyPortMapping(Service, s_mapping with { Transport = IgdTransport.Tcp });
        Assert.Equal("AddAnyPortMapping", request.Action);
        Assert.Equal(("NewProtocol", "TCP"), Arguments(request)[2]);
    }

    [Fact]
    public void Keyed_Requests_NameRemoteHostPortAndProtocol()
    {
        (string, string)[] key = [("NewRemoteHost", ""), ("NewExternalPort", "7"), ("NewProtocol", "TCP")];
        Assert.Equal(key, Arguments(IgdRequest.DeletePortMapping(Service, IgdTransport.Tcp, 7)));
        Assert.Equal(key, Arguments(IgdRequest.GetSpecificPortMappingEntry(Service, IgdTransport.Tcp, 7)));
    }

    [Fact]
    public void List_Request_NamesThePlace() =>
        Assert.Equal([("NewPortMappingIndex", "3")], Arguments(IgdRequest.GetGenericPortMappingEntry(Service, 3)));

    [Fact]
    public void Questions_HaveNoArguments()
    {
        Assert.Empty(Arguments(IgdRequest.GetExternalIPAddress(Service)));
        Assert.Empty(Arguments(IgdRequest.GetStatusInfo(Service)));
    }

    [Fact]
    public void AddPortMapping_PortZero_IsNeverWritten()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => IgdRequest.AddPortMapping(Service, s_mapping with { ExternalPort = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => IgdRequest.AddAnyPortMapping(Service, s_mapping with { InternalPort = 0 }));
    }

    [Fact]
    public void Write_BufferTooSmall_SaysSo() =>
        Assert.False(IgdRequest.GetStatusInfo(Service).TryWrite(new byte[64], out _));

    private static List<(string Name, string Value)> Arguments(IgdRequest request)
    {
        byte[] buffer = new byte[2048];
        Assert.True(request.TryWrite(buffer, out int length));
        XmlDocument document = new();
        document.LoadXml(Encoding.UTF8.GetString(buffer, 0, length));
        XmlNode action = document.DocumentElement!.FirstChild!.FirstChild!;
        Assert.Equal((request.Action, Service), (action.LocalName, action.NamespaceURI));
        return [.. action.ChildNodes.Cast<XmlNode>().Select(node => (node.Name, node.InnerText))];
    }
}
