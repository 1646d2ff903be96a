using System.Net;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Protocol.Dns.Edns;

namespace Btmm.Protocol.Tests.Dns;

public sealed class DnsMessageTests
{
    public static TheoryData<string> Labels => [.. Vectors.Wire.Keys];

    [Theory]
    [MemberData(nameof(Labels))]
    public void Message_Captured_ParsesAndRoundTrips(string label)
    {
        Assert.True(DnsMessage.TryParse(Vectors.Wire[label], out DnsMessage? message, out DnsParseError error), error.ToString());
        Assert.True(DnsMessage.TryParse(message.ToArray(), out DnsMessage? again));
        AssertEqual(message, again);
    }

    [Fact]
    public void Message_OfAppleRegistration_IsReadAsMeant()
    {
        Assert.True(DnsMessage.TryParse(Vectors.Wire["R13"], out DnsMessage? message));
        DnsName zone = DnsName.Parse("alice.members.test"), service = DnsName.Parse("My\\032Mac._ssh._tcp.alice.members.test");
        Assert.Equal(DnsOpcode.Update, message.Opcode);
        Assert.Equal(new DnsQuestion(zone, DnsType.SOA), message.Zone);
        Assert.Empty(message.Prerequisites);
        Assert.Equal(
            [
                new DnsRecord(service, DnsType.SRV, DnsClass.ANY, 0, EmptyData.Instance),
                new DnsRecord(service, 4500, new SrvData(0, 0, 22, DnsName.Parse("mymac.alice.members.test"))),
                new DnsRecord(service, DnsType.TXT, DnsClass.ANY, 0, EmptyData.Instance),
                new DnsRecord(service, 4500, new TxtData("path=/x")),
                new DnsRecord(DnsName.Parse("_services._dns-sd._udp.alice.members.test"), 4500, new PtrData(DnsName.Parse("_ssh._tcp.alice.members.test"))),
                new DnsRecord(DnsName.Parse("_ssh._tcp.alice.members.test"), 4500, new PtrData(service)),
            ],
            message.Updates);
        Assert.Equal(new UpdateLeaseOption(7200), message.Edns!.Find<UpdateLeaseOption>());
        Assert.Equal(1440, message.Edns.UdpPayloadSize);
        Assert.Equal(zone, message.Tsig!.Name); // compressed there
        Assert.Equal(16, message.TsigData!.Mac.Length);
    }

    [Fact]
    public void Message_OfLlqEvent_IsReadAsMeant()
    {
        Assert.True(DnsMessage.TryParse(Vectors.Wire["L17"], out DnsMessage? message));
        DnsRecord record = Assert.Single(message.Answers);
        Assert.Equal(uint.MaxValue, record.Ttl);
        Assert.Equal(DnsFlags.Response | DnsFlags.Authoritative, message.Flags);
        Assert.Equal(new LlqOption(LlqOpcode.Event, LlqError.NoError, 0x608e026b67458b6b, 7188), message.Edns!.Find<LlqOption>());
    }

    [Fact]
    public void Message_OfEveryKindOfData_RoundTrips()
    {
        DnsMessage message = EveryKind();
        byte[] bytes = message.ToArray();
        Assert.True(DnsMessage.TryParse(bytes, out DnsMessage? again, out DnsParseError error), error.ToString());
        AssertEqual(message, again);
        Assert.Equal(bytes, again.ToArray());
    }

    [Fact]
    public void Writer_Names_CompressesOwnersButNotSrvTargets()
    {
        DnsName owner = DnsName.Parse("a.example.net");
        var message = new DnsMessage
        {
            Questions = [new DnsQuestion(owner, DnsType.SRV)],
            Answers = [new DnsRecord(owner, 1, new SrvData(0, 0, 1, owner)), new DnsRecord(DnsName.Parse("B.Example.NET"), 1, new PtrData(owner))],
        };
        string hex = Convert.ToHexStringLower(message.ToArray());
        const string Name = "0161076578616d706c65036e657400";
        Assert.Equal(12 + 15 + 4 + 2 + 10 + 6 + 15 + 4 + 10 + 2, hex.Length / 2);
        Assert.Contains($"c00c00210001000000010015000000000001{Name}", hex, StringComparison.Ordinal);
        Assert.EndsWith("0142c00e000c0001000000010002c00c", hex, StringComparison.Ordinal);
    }

    [Fact]
    public void Writer_NameThatRepeatsItself_OnlyPointsToCompleteNames()
    {
        // The buffer holds bytes of an earlier message: a name in progress must not be matched against them.
        byte[] buffer = new byte[512];
        for (int i = 0; i < 64; i++)
        {
            buffer.AsSpan().Fill((byte)i);
            var message = new DnsMessage { Questions = [new DnsQuestion(DnsName.Parse("a.a.a.a.a"), DnsType.A), new DnsQuestion(DnsName.Parse("a.a.a"), DnsType.A)] };
            Assert.True(message.TryWrite(buffer, out int written));
            Assert.True(DnsMessage.TryParse(buffer.AsSpan(0, written), out DnsMessage? again));
            AssertEqual(message, again);
        }
    }

    [Fact]
    public void Writer_EveryTooSmallBuffer_FailsWithoutException()
    {
        DnsMessage message = EveryKind();
        int size = message.ToArray().Length;
        for (int i = 0; i < size; i++) Assert.False(message.TryWrite(new byte[i], out _));
        Assert.True(message.TryWrite(new byte[size], out int written));
        Assert.Equal(size, written);
    }

    [Fact]
    [Trait("rfc", "2181§9")]
    public void Writer_Truncating_KeepsWholeRRsetsAndOpt()
    {
        DnsName name = DnsName.Parse("a.example.net"), other = DnsName.Parse("b.example.net");
        var message = new DnsMessage
        {
            Flags = DnsFlags.Response,
            Questions = [new DnsQuestion(name, DnsType.A)],
            Answers = [.. Addresses(name, 3), .. Addresses(other, 3)],
            Additional = [new DnsRecord(name, 1, new TxtData("x")), new EdnsInfo(new LlqOption(LlqOpcode.Setup, LlqError.NoError, 1, 2)).ToRecord()],
        };
        int whole = message.ToArray().Length;
        for (int size = 0; size <= whole; size++)
        {
            byte[] buffer = new byte[size];
            if (!message.TryWriteTruncating(buffer, out int written))
            {
                Assert.True(size < 12 + 19 + 33);
                continue;
            }

            Assert.True(DnsMessage.TryParse(buffer.AsSpan(0, written), out DnsMessage? result, out DnsParseError error), error.ToString());
            Assert.Contains(result.Answers.Count, new[] { 0, 3, 6 });
            Assert.Equal(result.Answers.Count < 6, result.IsTruncated);
            Assert.NotNull(result.Edns);
            if (result.IsTruncated) Assert.Single(result.Additional);
        }

        Assert.True(message.TryWriteTruncating(new byte[whole], out int all));
        Assert.Equal(whole, all);
    }

    [Fact]
    public void Edns_ExtendedRcode_IsPutTogether()
    {
        var message = new DnsMessage { Rcode = (DnsRcode)0, Additional = [new EdnsInfo(1232, [], ExtendedRcode: 1, DnssecOk: true, Version: 3).ToRecord()] };
        Assert.True(DnsMessage.TryParse(message.ToArray(), out DnsMessage? again));
        Assert.Equal(DnsRcode.BadVers, again.ExtendedRcode);
        Assert.True(again.Edns!.DnssecOk);
        Assert.Equal(3, again.Edns.Version);
    }

    internal static DnsMessage EveryKind()
    {
        DnsName name = DnsName.Parse("a.example.net"), other = DnsName.Parse("b.c.example.net");
        return new DnsMessage
        {
            Id = 0x1234,
            Flags = DnsFlags.Response | DnsFlags.Authoritative | DnsFlags.RecursionDesired,
            Opcode = DnsOpcode.Query,
            Rcode = DnsRcode.Refused,
            Questions = [new DnsQuestion(name, DnsType.ANY, DnsClass.IN), new DnsQuestion(DnsName.Root, DnsType.NS, DnsClass.CH)],
            Answers =
            [
                new DnsRecord(name, 1, new AData(IPAddress.Parse("192.0.2.1"))),
                new DnsRecord(name, 2, new AaaaData(IPAddress.Parse("fd00::1"))),
                new DnsRecord(name, 3, new NsData(other)),
                new DnsRecord(name, 4, new CnameData(other)),
                new DnsRecord(name, 5, new PtrData(other)),
                new DnsRecord(name, uint.MaxValue, new TxtData("model=x", "", new string('y', 255))),
            ],
            Authority =
            [
                new DnsRecord(other, 7, new SoaData(name, other, 1, 2, 3, 4, uint.MaxValue)),
                new DnsRecord(other, DnsType.A, DnsClass.ANY, 0, EmptyData.Instance),
                new DnsRecord(other, DnsType.ANY, DnsClass.NONE, 0, EmptyData.Instance),
                new DnsRecord(other, DnsType.A, DnsClass.NONE, 0, new AData(IPAddress.Broadcast)),
            ],
            Additional =
            [
                new DnsRecord(other, 8, new SrvData(1, 2, 3, name)),
                new DnsRecord(other, 9, new KeyData(256, 3, 13, new byte[] { 1, 2, 3 })),
                new DnsRecord(other, 10, new UnknownData((DnsType)65280, new byte[] { 9, 8, 7 })),
                new DnsRecord(other, 10, new UnknownData((DnsType)65281, ReadOnlyMemory<byte>.Empty)),
                new EdnsInfo(new UpdateLeaseOption(1, 2), new UpdateLeaseOption(3), new LlqOption(LlqOpcode.Event, LlqError.Static, ulong.MaxValue, 5), new UnknownOption(10, new byte[] { 1 })).ToRecord(),
                new DnsRecord(name, DnsType.TSIG, DnsClass.ANY, 0, new TsigData(DnsName.Parse("hmac-sha256"), 0xFFFF_FFFF_FFFF, 300, new byte[32], 0x1234, TsigError.BadTime, new byte[6])),
            ],
        };
    }

    internal static void AssertEqual(DnsMessage expected, DnsMessage actual)
    {
        Assert.Equal((expected.Id, expected.Flags, expected.Opcode, expected.Rcode), (actual.Id, actual.Flags, actual.Opcode, actual.Rcode));
        Assert.Equal(expected.Questions, actual.Questions);
        Assert.Equal(expected.Answers, actual.Answers);
        Assert.Equal(expected.Authority, actual.Authority);
        Assert.Equal(expected.Additional, actual.Additional);
    }

    internal static bool AreEqual(DnsMessage left, DnsMessage right)
        => (left.Id, left.Flags, left.Opcode, left.Rcode) == (right.Id, right.Flags, right.Opcode, right.Rcode)
        && left.Questions.SequenceEqual(right.Questions) && left.Answers.SequenceEqual(right.Answers)
        && left.Authority.SequenceEqual(right.Authority) && left.Additional.SequenceEqual(right.Additional);

    private static IEnumerable<DnsRecord> Addresses(DnsName name, int count)
        => Enumerable.Range(1, count).Select(i => new DnsRecord(name, 1, new AData(new IPAddress([192, 0, 2, (byte)i]))));
}
