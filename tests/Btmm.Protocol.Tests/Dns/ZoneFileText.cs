using System.Text;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Zone;

namespace Btmm.Protocol.Tests.Dns;

/// <summary>Zone files as text.</summary>
internal static class ZoneFileText
{
    public static readonly DnsName Origin = DnsName.Parse("example.net");

    /// <summary>Every type that has a text form, and some forms of writing.</summary>
    public const string Sample = """
        $TTL 1h30m
        @   IN SOA ns hostmaster.example.net. ( 2026010101 ; serial
                3600 15m ; refresh, retry
                1w 30 )
                NS ns
        ns      300 IN A 192.0.2.1
                IN 300 AAAA 2001:db8::1
        *.wild  CNAME Target.Example.NET.
        a\.b\\c\032d 60 PTR @
        mail    MX 10 mx.example.org.
        _s._tcp SRV 0 5 443 host
        txt     TXT "quoted; (not) a comment" plain "a \"b\" \\ \200\010" ""
        host    HINFO "x86 64" Linux
        key     KEY 512 3 13 AQID BAUG
        caa     CAA 0 issue "ca.example.net; policy=ev"
        sshfp   SSHFP 4 2 0123456789abcdef 00
        ds      DS 60485 5 1 ( 2BB183AF5F22588179A53B0A
                               98631FAD1A292118 )
        tlsa    TLSA 3 1 1 00ff
        naptr   NAPTR 100 10 "U" "E2U+sip" "!^.*$!sip:info@example.net!" .
        uri     URI 10 1 "https://example.net/"
        rp      RP admin info.rp
        afsdb   AFSDB 1 afs
        dname   DNAME other
        dnskey  DNSKEY 257 3 13 AQID
        cds     CDS 0 0 0 00
        cdnskey CDNSKEY 0 3 0 AA==
        smimea  SMIMEA 3 0 0 aa
        pgp     OPENPGPKEY AQID
        spf     SPF "v=spf1 -all"
        raw     TYPE65280 \# 4 0a 000001
        raw     TYPE65281 \# 0
        known   A \# 4 c0000202
        """;

    public static ZoneFileParser Parse(string text, out List<DnsRecord> records, ZoneFileLimits? limits = null) =>
        Parse(Encoding.Latin1.GetBytes(text), out records, limits);

    public static ZoneFileParser Parse(ReadOnlySpan<byte> bytes, out List<DnsRecord> records, ZoneFileLimits? limits = null, int chunk = int.MaxValue)
    {
        var parser = new ZoneFileParser(Origin, limits);
        records = [];
        for (int at = 0; at < bytes.Length; at += Math.Min(chunk, bytes.Length - at))
        {
            parser.Feed(bytes.Slice(at, Math.Min(chunk, bytes.Length - at)));
            while (parser.TryTake(out DnsRecord? record)) records.Add(record);
        }

        parser.Complete();
        while (parser.TryTake(out DnsRecord? record)) records.Add(record);
        return parser;
    }

    public static List<DnsRecord> Good(string text)
    {
        ZoneFileParser parser = Parse(text, out List<DnsRecord> records);
        Assert.Null(parser.Error);
        return records;
    }

    public static ZoneFileError Bad(string text)
    {
        ZoneFileParser parser = Parse(text, out _);
        Assert.NotNull(parser.Error);
        return parser.Error;
    }
}
