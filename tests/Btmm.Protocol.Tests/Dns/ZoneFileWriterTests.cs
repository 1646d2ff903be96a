using System.Net;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Protocol.Dns.Zone;

namespace Btmm.Protocol.Tests.Dns;

public sealed class ZoneFileWriterTests
{
    private static readonly ZoneFileWriter s_writer = new(ZoneFileText.Origin);

    [Fact]
    public void Writer_EveryType_RoundTrips()
    {
        List<DnsRecord> records = ZoneFileText.Good(ZoneFileText.Sample);
        string text = s_writer.Header + "\n" + string.Concat(records.Select(record => s_writer.ToLine(record) + "\n"));
        Assert.Equal(records, ZoneFileText.Good(text));
        Assert.All(text, c => Assert.InRange(c, '\t', '~'));
    }

    [Fact]
    public void Writer_Lines_AreThoseOfZoneFiles()
    {
        Assert.Equal("$ORIGIN example.net.", s_writer.Header);
        Assert.Equal("@\t60\tIN\tNS\tns.example.net.", s_writer.ToLine(new DnsRecord(ZoneFileText.Origin, 60, new NsData(DnsName.Parse("ns.example.net")))));
        Assert.Equal("other.org.\t60\tIN\tA\t192.0.2.1", s_writer.ToLine(new DnsRecord(DnsName.Parse("other.org"), 60, new AData(IPAddress.Parse("192.0.2.1")))));
        Assert.Equal("a\\.b\t1\tIN\tTXT\t\"x \\\"y\\\" \\\\ \\009\"", s_writer.ToLine(new DnsRecord(DnsName.Parse("a\\.b.example.net"), 1, new TxtData("x \"y\" \\ \t"))));
        Assert.Equal("h\t1\tIN\tTYPE65280\t\\# 2 0a0b", s_writer.ToLine(new DnsRecord(DnsName.Parse("h.example.net"), 1, new UnknownData((DnsType)65280, (byte[])[10, 11]))));
    }

    [Fact, Trait("rfc", "3597§5")]
    public void Writer_DataThatDoNotFollowTheirLayout_AreWrittenRaw()
    {
        var record = new DnsRecord(ZoneFileText.Origin, 1, new UnknownData(DnsType.CAA, (byte[])[0, 200, 1]));
        string line = s_writer.ToLine(record);
        Assert.EndsWith("CAA\t\\# 3 00c801", line, StringComparison.Ordinal);
        Assert.Equal(record, Assert.Single(ZoneFileText.Good(line)));
    }

    [Fact]
    public void Writer_WhatNoZoneHolds_Throws()
    {
        Assert.Throws<ArgumentException>(() => s_writer.ToLine(new DnsRecord(ZoneFileText.Origin, DnsType.A, DnsClass.NONE, 0, EmptyData.Instance)));
        Assert.Throws<ArgumentException>(() => s_writer.ToLine(new DnsRecord(ZoneFileText.Origin, 0, new OptData([]))));
    }
}
