using System.Text;
using Btmm.Protocol.NatTraversal.Igd;
using Btmm.Protocol.Tests.Dns;

namespace Btmm.Protocol.Tests.NatTraversal;

public sealed class IgdDescriptionTests
{
    private const int MutationSeed = 1900;

    [Fact]
    public void Parse_NestedDevices_FindsTheService()
    {
        IgdDescription description = Parse(IgdDocuments.Nested);
        Assert.Equal("urn:schemas-upnp-org:device:InternetGatewayDevice:2", description.DeviceType);
        Assert.Equal("Attic router", description.FriendlyName);
        Assert.Equal("Example", description.Manufacturer);
        Assert.Equal("R7 2.1", description.Model);
        Assert.Null(description.UrlBase);
        Assert.Equal(
            new IgdService(IgdServiceKind.WanIp, 2, "urn:schemas-upnp-org:service:WANIPConnection:2", "/ctl/IPConn"),
            Assert.Single(description.Services));
    }

    [Fact]
    public void Parse_UrlBase_IsKeptAsWritten()
    {
        Assert.Equal("http://192.168.1.1:5431", Parse(IgdDocuments.UrlBase).UrlBase);
        Assert.Null(Parse(IgdDocuments.EmptyUrlBase).UrlBase);
    }

    [Fact]
    public void Parse_SeveralServices_FindsAllInOrder() =>
        Assert.Equal(
            [(IgdServiceKind.WanPpp, 1, "/ppp"), (IgdServiceKind.WanIp, 1, "/ip1"), (IgdServiceKind.WanIp, 2, "/ip2")],
            Parse(IgdDocuments.SeveralServices).Services.Select(service => (service.Kind, service.Version, service.ControlUrl)));

    [Fact]
    public void Parse_UndeclaredPrefixes_AreTaken() => Assert.Single(Parse(IgdDocuments.BadNamespaces).Services);

    [Fact]
    public void Parse_WrongCase_IsTakenAndTypeRepeatedAsWritten()
    {
        IgdDescription description = Parse(IgdDocuments.WrongCase);
        Assert.Equal("Case", description.FriendlyName);
        Assert.Equal("urn:schemas-upnp-org:service:wanipconnection:1", Assert.Single(description.Services).ServiceType);
    }

    [Fact]
    public void Parse_UntidyText_IsMended()
    {
        IgdDescription description = Parse(IgdDocuments.Untidy);
        Assert.Equal("Smith & Sons &copy;\uFFFD", description.FriendlyName);
        Assert.Equal("/c?a=1&b=2&c=3", Assert.Single(description.Services).ControlUrl);
    }

    [Fact]
    public void Parse_Junk_KeepsOnlyTheServiceThatCanBeUsed() =>
        Assert.Equal(("/good", 1), Parse(IgdDocuments.Junk).Services.Select(service => (service.ControlUrl, service.Version)).Single());

    [Theory]
    [InlineData("utf-16")]
    [InlineData("utf-16BE")]
    public void Parse_Utf16WithMark_IsRead(string encoding)
    {
        Encoding utf16 = Encoding.GetEncoding(encoding);
        byte[] document = [.. utf16.GetPreamble(), .. utf16.GetBytes(Encoding.UTF8.GetString(IgdDocuments.Nested))];
        Assert.Single(Parse(document).Services);
    }

    [Theory]
    [InlineData("")]
    [InlineData("not xml")]
    [InlineData("<html><body>Sign in</body></html>")]
    [InlineData("<root><device>")]
    [InlineData("<root></device></root>")]
    public void Parse_NoDescription_IsRefused(string document) => Refuses(document);

    [Fact]
    public void Parse_EntityBomb_IsRefusedUnread()
    {
        StringBuilder bomb = new("<!DOCTYPE root [<!ENTITY a0 \"boom\">");
        for (int i = 1; i < 10; i++) bomb.Append($"<!ENTITY a{i} \"{string.Concat(Enumerable.Repeat($"&a{i - 1};", 10))}\">");
        Refuses(bomb + "]><root><device><friendlyName>&a9;</friendlyName></device></root>");
    }

    [Theory]
    [InlineData("<!DOCTYPE root SYSTEM \"http://198.51.100.1/x.dtd\"><root><device/></root>")]
    [InlineData("<!DOCTYPE root [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><root><device><friendlyName>&x;</friendlyName></device></root>")]
    public void Parse_Dtd_IsRefused(string document) => Refuses(document);

    [Fact]
    public void Parse_GiantDepth_IsRefused()
    {
        string deep = string.Concat(Enumerable.Repeat("<device>", 10_000));
        Refuses($"<root>{deep}");
        Refuses($"<root>{deep}{deep.Replace("<", "</", StringComparison.Ordinal)}</root>");
    }

    [Fact]
    public void Parse_TooManyElements_IsRefused() =>
        Refuses($"<root><device/>{string.Concat(Enumerable.Repeat("<a/>", IgdConstants.MaxElements))}</root>");

    [Fact]
    public void Parse_TooLong_IsRefused()
    {
        byte[] document = new byte[10 * 1024 * 1024];
        Array.Fill(document, (byte)' ');
        IgdDocuments.Nested.CopyTo(document, 0);
        Assert.False(IgdDescription.TryParse(document, out _));
    }

    [Fact]
    public void Parse_TooManyServices_KeepsTheFirst()
    {
        string service = "<service><serviceType>a:WANIPConnection:1</serviceType><controlURL>/c</controlURL></service>";
        IgdDescription description = Parse(IgdDocuments.Bytes($"<root><device>{string.Concat(Enumerable.Repeat(service, 100))}</device></root>"));
        Assert.Equal(IgdConstants.MaxServices, description.Services.Count);
    }

    [Fact]
    public void Parse_LongTexts_AreCut()
    {
        string name = new('n', 5000);
        IgdDescription description = Parse(IgdDocuments.Bytes(
            $"<root><device><friendlyName>{name}\r\nx</friendlyName><service><serviceType>a:WANIPConnection:1</serviceType><controlURL>/{name}</controlURL></service></device></root>"));
        Assert.True(description.FriendlyName.Length <= 64);
        Assert.Empty(description.Services);
    }

    [Fact]
    public void Parse_EveryTruncation_IsRefusedWithoutThrowing()
    {
        foreach (byte[] document in new[] { IgdDocuments.Nested, IgdDocuments.Small })
            Assert.All(Mutations.Truncations(document), bad => Assert.False(IgdDescription.TryParse(bad, out _)));
    }

    [Fact]
    public void Parse_OneByteChanges_NeverThrow()
    {
        foreach (byte[] bad in Mutations.SingleByteChanges(IgdDocuments.Small)) IgdDescription.TryParse(bad, out _);
    }

    [Fact]
    public void Parse_RandomMutations_NeverThrowAndStayInBounds()
    {
        foreach (byte[] bad in Mutations.Random(IgdDocuments.Descriptions, 5000, MutationSeed))
        {
            if (!IgdDescription.TryParse(bad, out IgdDescription description)) continue;
            Assert.True(description.Services.Count <= IgdConstants.MaxServices);
            Assert.All(description.Services, service => Assert.InRange(service.ControlUrl.Length, 1, IgdConstants.MaxUrlLength));
        }
    }

    private static IgdDescription Parse(byte[] document)
    {
        Assert.True(IgdDescription.TryParse(document, out IgdDescription description));
        return description;
    }

    private static void Refuses(string document) => Assert.False(IgdDescription.TryParse(IgdDocuments.Bytes(document), out _));
}
