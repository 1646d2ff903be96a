using System.Net;
using Btmm.Protocol.NatTraversal.Igd;
using Btmm.Protocol.Tests.Dns;

namespace Btmm.Protocol.Tests.NatTraversal;

public sealed class IgdAnswerTests
{
    private const int MutationSeed = 6970;

    [Fact]
    public void Parse_Address_IsRead() =>
        Assert.Equal(IPAddress.Parse("203.0.113.10"), Parse(IgdDocuments.Address).Address("NewExternalIPAddress"));

    [Fact]
    public void Parse_Status_IsRead()
    {
        Assert.Equal(new IgdStatus(true, TimeSpan.FromSeconds(4711)), IgdStatus.Read(Parse(IgdDocuments.Status)));
        Assert.Equal(new IgdStatus(null, null), IgdStatus.Read(Parse(IgdDocuments.Empty)));
    }

    [Fact]
    public void Parse_Entry_IsRead()
    {
        Assert.True(IgdMappingEntry.TryRead(Parse(IgdDocuments.Entry), out IgdMappingEntry entry));
        Assert.Equal(new IgdMappingEntry(IPAddress.Parse("192.168.1.100"), 4500, "btmm", 3599), entry);
        Assert.False(IgdMappingEntry.TryRead(Parse(IgdDocuments.Empty), out _));
    }

    [Fact]
    public void Parse_ListedEntry_NamesPortAndProtocol()
    {
        IgdAnswer answer = Parse(IgdDocuments.Bytes(
            "<aResponse><NewRemoteHost/><NewExternalPort>7</NewExternalPort><NewProtocol>tcp</NewProtocol><NewInternalPort>8</NewInternalPort><NewInternalClient>10.0.0.2</NewInternalClient></aResponse>"));
        Assert.True(IgdMappingEntry.TryRead(answer, out IgdMappingEntry entry));
        Assert.Equal(((ushort?)7, (IgdTransport?)IgdTransport.Tcp, null), (entry.ExternalPort, entry.Transport, entry.LeaseSeconds));
    }

    [Theory]
    [InlineData(402, IgdErrorKind.InvalidArguments)]
    [InlineData(401, IgdErrorKind.UnknownAction)]
    [InlineData(501, IgdErrorKind.Failed)]
    [InlineData(606, IgdErrorKind.NotAuthorized)]
    [InlineData(714, IgdErrorKind.NoSuchEntry)]
    [InlineData(715, IgdErrorKind.Wildcard)]
    [InlineData(716, IgdErrorKind.Wildcard)]
    [InlineData(718, IgdErrorKind.Conflict)]
    [InlineData(724, IgdErrorKind.SamePortOnly)]
    [InlineData(725, IgdErrorKind.PermanentOnly)]
    [InlineData(726, IgdErrorKind.Wildcard)]
    [InlineData(727, IgdErrorKind.Wildcard)]
    [InlineData(728, IgdErrorKind.OutOfResources)]
    [InlineData(729, IgdErrorKind.Conflict)]
    [InlineData(730, IgdErrorKind.NoSuchEntry)]
    [InlineData(732, IgdErrorKind.Wildcard)]
    [InlineData(899, IgdErrorKind.Failed)]
    [Trait("rfc", "6970§4.3")]
    public void Fault_Code_HasItsMeaning(int code, IgdErrorKind kind)
    {
        IgdError error = Error(IgdDocuments.FaultOf(code, "words"), success: false);
        Assert.Equal((code, "words", kind), (error.Code, error.Text, error.Kind));
    }

    [Fact]
    public void Fault_WithStatus200_IsStillOne() => Assert.Equal(718, Error(IgdDocuments.Fault, success: true).Code);

    [Theory]
    [InlineData("<UPnPError><errorCode> 725 </errorCode></UPnPError>")]
    [InlineData("<s:Envelope><s:Body><SOAP-ENV:Fault><detail><m:UPnPError><m:errorCode>725</m:errorCode></m:UPnPError></detail></SOAP-ENV:Fault></s:Body></s:Envelope>")]
    [InlineData("<Envelope><Body><u:AddPortMappingResponse><ErrorCode>725</ErrorCode></u:AddPortMappingResponse></Body></Envelope>")]
    [InlineData("<e><detail><UPnPError><errorCode><![CDATA[725]]></errorCode><errorCode>501</errorCode></UPnPError></detail></e>")]
    public void Fault_InOddShapes_IsFound(string body)
    {
        Assert.Equal(725, Error(IgdDocuments.Bytes(body), success: false).Code);
        Assert.Equal(725, Error(IgdDocuments.Bytes(body), success: true).Code);
    }

    [Theory]
    [InlineData("Conflict", IgdErrorKind.Conflict)]
    [InlineData("<html><h1>500 ConflictInMappingEntry</h1>", IgdErrorKind.Conflict)]
    [InlineData("<e><Fault><faultstring>Conflict</faultstring></Fault></e>", IgdErrorKind.Conflict)]
    [InlineData("", IgdErrorKind.Failed)]
    [InlineData("Internal error", IgdErrorKind.Failed)]
    [InlineData("<e><Fault><errorCode>none</errorCode></Fault></e>", IgdErrorKind.Failed)]
    public void Fault_WithoutNumber_IsToldByItsWords(string body, IgdErrorKind kind)
    {
        IgdError error = Error(IgdDocuments.Bytes(body), success: false);
        Assert.Equal((0, kind), (error.Code, error.Kind));
    }

    [Theory]
    [InlineData("")]
    [InlineData("Conflict")]
    [InlineData("<html><body>Sign in</body></html>")]
    [InlineData("<!DOCTYPE x [<!ENTITY a \"b\">]><s><aResponse>&a;</aResponse></s>")]
    public void Parse_Status200WithoutAnswer_IsRefused(string body) =>
        Assert.False(IgdAnswer.TryParse(IgdDocuments.Bytes(body), success: true, out _));

    [Theory]
    [InlineData("0.0.0.0", true)]
    [InlineData("192.168.1.1", true)]
    [InlineData("", false)]
    [InlineData("1", false)]
    [InlineData("1.2.3", false)]
    [InlineData("1.2.3.4.5", false)]
    [InlineData("::ffff:1.2.3.4", false)]
    [InlineData("unknown", false)]
    [InlineData("203.0.113.010", false)]
    [InlineData("0xCB.0.113.10", false)]
    public void Address_OnlyFourParts_IsOne(string text, bool good) =>
        Assert.Equal(good, Parse(IgdDocuments.Bytes($"<aResponse><NewA>{text}</NewA></aResponse>")).Address("NewA") is not null);

    [Theory]
    [InlineData("1", 1)]
    [InlineData(" 65535 ", 65535)]
    [InlineData("0", null)]
    [InlineData("65536", null)]
    [InlineData("-1", null)]
    [InlineData("0x10", null)]
    [InlineData("99999999999", null)]
    public void Port_OutsideItsRange_IsNone(string text, int? port) =>
        Assert.Equal((ushort?)port, Parse(IgdDocuments.Bytes($"<aResponse><NewP>{text}</NewP></aResponse>")).Port("NewP"));

    [Fact]
    public void Parse_ManyValues_KeepsSome()
    {
        string values = string.Concat(Enumerable.Range(0, 1000).Select(i => $"<v{i}>1</v{i}>"));
        IgdAnswer answer = Parse(IgdDocuments.Bytes($"<aResponse>{values}</aResponse>"));
        Assert.Equal("1", answer.Text("v0"));
        Assert.Null(answer.Text("v999"));
    }

    [Fact]
    public void Parse_EveryTruncation_IsRefusedOrAFault()
    {
        foreach (byte[] good in IgdDocuments.Answers)
        {
            foreach (byte[] bad in Mutations.Truncations(good[..^2]))
            {
                Assert.False(IgdAnswer.TryParse(bad, success: true, out _));
                Assert.True(IgdAnswer.TryParse(bad, success: false, out IgdAnswer answer));
                Assert.NotNull(answer.Error);
            }
        }
    }

    [Fact]
    public void Parse_Mutations_NeverThrow()
    {
        byte[] small = IgdDocuments.Bytes("<Fault><errorCode>718</errorCode></Fault>");
        foreach (byte[] bad in Mutations.SingleByteChanges(small)) Read(bad);
        foreach (byte[] bad in Mutations.Random(IgdDocuments.Answers, 5000, MutationSeed)) Read(bad);
    }

    private static void Read(byte[] body)
    {
        if (!IgdAnswer.TryParse(body, success: true, out IgdAnswer answer)) return;
        _ = answer.Error?.ToString();
        IgdStatus.Read(answer);
        IgdMappingEntry.TryRead(answer, out _);
    }

    private static IgdAnswer Parse(byte[] body)
    {
        Assert.True(IgdAnswer.TryParse(body, success: true, out IgdAnswer answer));
        Assert.Null(answer.Error);
        return answer;
    }

    private static IgdError Error(byte[] body, bool success)
    {
        Assert.True(IgdAnswer.TryParse(body, success, out IgdAnswer answer));
        return Assert.NotNull(answer.Error);
    }
}
