using System.Net;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Protocol.Dns.Zone;

namespace Btmm.Protocol.Tests.Dns;

public sealed class ZoneFileParserTests
{
    private static readonly DnsName s_host = DnsName.Parse("host.example.net");

    [Fact, Trait("rfc", "1035§5.1")]
    public void Parser_FileWithEveryType_ReadsItsRecords()
    {
        List<DnsRecord> records = ZoneFileText.Good(ZoneFileText.Sample);

        Assert.Equal(29, records.Count);
        Assert.Equal(new SoaData(DnsName.Parse("ns.example.net"), DnsName.Parse("hostmaster.example.net"), 2026010101, 3600, 900, 604800, 30), records[0].Data);
        Assert.Equal((5400u, 5400u, 300u, 300u), (records[0].Ttl, records[1].Ttl, records[2].Ttl, records[3].Ttl));
        Assert.Equal(new AaaaData(IPAddress.Parse("2001:db8::1")), records[3].Data);
        Assert.Equal("*.wild.example.net", records[4].Name.ToString());
        Assert.Equal(DnsName.Parse("a\\.b\\\\c\\032d.example.net"), records[5].Name);
        Assert.Equal(new MxData(10, DnsName.Parse("mx.example.org")), records[6].Data);
        Assert.Equal(new SrvData(0, 5, 443, s_host), records[7].Data);
        Assert.Equal(["quoted; (not) a comment", "plain"], ((TxtData)records[8].Data).Strings.Take(2));
        Assert.Equal([.. "a \"b\" \\ "u8, 200, 10], ((TxtData)records[8].Data).RawStrings.ElementAt(2).ToArray());
        Assert.Equal(new UnknownData(DnsType.HINFO, (byte[])[6, .. "x86 64"u8, 5, .. "Linux"u8]), records[9].Data);
        Assert.Equal(new KeyData(512, 3, 13, (byte[])[1, 2, 3, 4, 5, 6]), records[10].Data);
        Assert.Equal(new UnknownData((DnsType)65280, (byte[])[10, 0, 0, 1]), records[^3].Data);
        Assert.Equal(new UnknownData((DnsType)65281, Array.Empty<byte>()), records[^2].Data);
        Assert.Equal(new AData(IPAddress.Parse("192.0.2.2")), records[^1].Data);
    }

    [Theory]
    [InlineData("host 60 IN A 192.0.2.1")]
    [InlineData("host IN 60 A 192.0.2.1")]
    [InlineData("host.example.net. 1m a 192.0.2.1 ; comment")]
    [InlineData("$ORIGIN host\n@ 60 A 192.0.2.1\r\n")]
    [InlineData("$TTL 60\nhost A 192.0.2.1")]
    [InlineData("$ttl 1M\nhost ( IN\n A ) 192.0.2.1")]
    [InlineData("\n ; nothing\n\nhost\t60\tCLASS1\tTYPE1\t\\# 4 c0 00 02 01\n")]
    [InlineData("ho\\115t 60 A 192.0.2.1")]
    [InlineData("\u00EF\u00BB\u00BFhost 60 A 192.0.2.1")]
    [Trait("rfc", "1035§5.1")]
    public void Parser_WaysToWriteOneRecord_AreTheSame(string text)
    {
        DnsRecord record = Assert.Single(ZoneFileText.Good(text));
        Assert.Equal(new DnsRecord(s_host, 60, new AData(IPAddress.Parse("192.0.2.1"))), record);
    }

    [Fact, Trait("rfc", "2308§4")]
    public void Parser_RecordWithoutTtl_TakesTheDefaultElseTheLastOneElseTheSoas()
    {
        Assert.Equal([60u, 60u], ZoneFileText.Good("a 60 A 192.0.2.1\n  A 192.0.2.2").Select(item => item.Ttl));
        Assert.Equal([5u, 7u, 5u], ZoneFileText.Good("$TTL 5\na A 192.0.2.1\na 7 A 192.0.2.2\na A 192.0.2.3").Select(item => item.Ttl));
        Assert.Equal([30u, 30u], ZoneFileText.Good("@ SOA a b 1 2 3 4 30\n  NS a").Select(item => item.Ttl));
        Assert.Contains("time to live", ZoneFileText.Bad("a A 192.0.2.1").Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("$INCLUDE other.zone", 1, 1, "$INCLUDE")]
    [InlineData("$generate 1-9 a$ A 192.0.2.$", 1, 1, "$GENERATE")]
    [InlineData("$FOO", 1, 1, "directive")]
    [InlineData("$TTL 5x", 1, 6, "time to live")]
    [InlineData("$TTL 2147483648", 1, 6, "time to live")]
    [InlineData("$ORIGIN a b", 1, 1, "one name")]
    [InlineData("  60 A 192.0.2.1", 1, 3, "owner")]
    [InlineData("a 60 IN", 1, 6, "no type")]
    [InlineData("a 60 CH A 192.0.2.1", 1, 6, "class IN")]
    [InlineData("a 60 FOO bar", 1, 6, "type")]
    [InlineData("a 60 OPT", 1, 6, "No zone")]
    [InlineData("a 60 TSIG \\# 0", 1, 6, "No zone")]
    [InlineData("a 60 A 192.0.2", 1, 8, "IPv4")]
    [InlineData("a 60 A 192.0.2.010", 1, 8, "IPv4")]
    [InlineData("a 60 AAAA fe80::1%eth0", 1, 11, "IPv6")]
    [InlineData("a 60 A 192.0.2.1 5", 1, 18, "More than")]
    [InlineData("a 60 MX 10", 1, 9, "incomplete")]
    [InlineData("a 60 MX 65536 b", 1, 9, "65535")]
    [InlineData("a 60 NS a..b", 1, 9, "domain name")]
    [InlineData("a 60 TXT \"b", 1, 10, "quotation")]
    [InlineData("a 60 TXT b\"c", 1, 11, "quotation")]
    [InlineData("a 60 TXT \\300", 1, 10, "string")]
    [InlineData("a 60 A ( 192.0.2.1", 1, 8, "not closed")]
    [InlineData("a 60 A ( ( 192.0.2.1 ) )", 1, 10, "within parentheses")]
    [InlineData("a 60 A 192.0.2.1 )", 1, 18, "not opened")]
    [InlineData("a 60 TYPE65280 \\# 3 0102", 1, 19, "not 3")]
    [InlineData("a 60 TYPE65280 \\# 2 010", 1, 21, "hexadecimal")]
    [InlineData("a 60 A \\# 3 010203", 1, 8, "no data of type A")]
    [InlineData("a 60 TYPE65280 abcd", 1, 16, "\\#")]
    [InlineData("a 60 DS 1 2 3 xy", 1, 15, "hexadecimal")]
    [InlineData("a 60 KEY 0 3 1 ****", 1, 16, "base64")]
    [InlineData("a 60 CAA 0 is_sue x", 1, 12, "property")]
    [InlineData("$TTL 9\nb A 192.0.2.1\n\n a\u0001", 4, 3, "control")]
    [InlineData("$TTL 9\nb TXT a\\\n", 2, 9, "escape")]
    [Trait("rfc", "1035§5.2")]
    public void Parser_Mistake_IsToldWithItsPlace(string text, int line, int column, string message)
    {
        ZoneFileError error = ZoneFileText.Bad(text);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.Equal((line, column), (error.Line, error.Column));
    }

    [Fact]
    public void Parser_AfterAMistake_ReadsNothingMore()
    {
        ZoneFileParser parser = ZoneFileText.Parse("a 60 A 192.0.2.1\nb 60 A x\nc 60 A 192.0.2.3\n", out List<DnsRecord> records);
        Assert.Single(records);
        Assert.Equal("line 2, column 8: Not an IPv4 address.", parser.Error?.ToString());
    }

    [Fact]
    public void Parser_OverItsLimits_Stops()
    {
        ZoneFileParser few = ZoneFileText.Parse("a 60 A 192.0.2.1\nb 60 A 192.0.2.2\n", out List<DnsRecord> records, new ZoneFileLimits { MaxRecords = 1 });
        Assert.Single(records);
        Assert.Contains("more than 1", few.Error?.Message, StringComparison.Ordinal);
        var limits = new ZoneFileLimits { MaxEntryBytes = 64 };
        Assert.Contains("too long", ZoneFileText.Parse("a 60 TXT " + new string('x', 100), out _, limits).Error?.Message, StringComparison.Ordinal);
        Assert.Contains("too long", ZoneFileText.Parse("a 60 TXT " + string.Concat(Enumerable.Repeat("\"\" ", 100)), out _, limits).Error?.Message, StringComparison.Ordinal);
    }

    [Fact, Trait("rfc", "3597§5")]
    public void Parser_LargestData_AreRead()
    {
        string hex = Convert.ToHexString(new byte[65_000]);
        DnsRecord record = Assert.Single(ZoneFileText.Good($"a 60 TYPE65280 ( \\# 65000\n{hex[..60_000]}\n{hex[60_000..]} )"));
        Assert.Equal(65_000, ((UnknownData)record.Data).Bytes.Length);
        string texts = string.Concat(Enumerable.Repeat("\"" + string.Concat(Enumerable.Repeat("\\255", 255)) + "\" ", 255));
        Assert.Equal(255, ((TxtData)Assert.Single(ZoneFileText.Good("a 60 TXT " + texts)).Data).RawStrings.Count());
        Assert.Contains("65,535", ZoneFileText.Bad("a 60 TXT " + texts + string.Concat(Enumerable.Repeat(" " + new string('a', 255), 2))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parser_AnyPieces_GiveTheSame()
    {
        byte[] bytes = System.Text.Encoding.Latin1.GetBytes(ZoneFileText.Sample);
        List<DnsRecord> whole = ZoneFileText.Good(ZoneFileText.Sample);
        for (int chunk = 1; chunk < 100; chunk += 7)
        {
            Assert.Null(ZoneFileText.Parse(bytes, out List<DnsRecord> records, chunk: chunk).Error);
            Assert.Equal(whole, records);
        }
    }

    [Fact]
    public void Parser_BadInput_NeverThrowsAndWhatItReadsCanBeWritten()
    {
        byte[] good = System.Text.Encoding.Latin1.GetBytes(ZoneFileText.Sample);
        var writer = new ZoneFileWriter(ZoneFileText.Origin);
        foreach (byte[] bad in Mutations.Truncations(good).Concat(Mutations.Random([good], 20_000, seed: 7)))
        {
            ZoneFileText.Parse(bad, out List<DnsRecord> records);
            foreach (DnsRecord record in records) writer.ToLine(record);
        }
    }

    [Fact]
    public void Parser_EveryByteChanged_NeverThrows()
    {
        byte[] good = "$TTL 1h\na 60 TXT \"b\\034\" ( c ;\n ) \nx MX 1 @\n"u8.ToArray();
        foreach (byte[] bad in Mutations.SingleByteChanges(good)) ZoneFileText.Parse(bad, out _);
    }
}
