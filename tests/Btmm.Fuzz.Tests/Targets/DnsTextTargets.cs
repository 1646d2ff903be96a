using System.Text;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Tsig;
using Btmm.Protocol.Dns.Zone;
using Btmm.Protocol.Tests.Dns;

namespace Btmm.Fuzz.Tests.Targets;

internal static class DnsTextTargets
{
    private const string KeyFile = "# a key\nkey \"one.example\" {\n  algorithm hmac-sha256; // comment\n  secret \"c2VjcmV0IHNlY3JldCBzZWNyZXQ=\";\n};\n";

    internal static IEnumerable<FuzzTarget> All =>
    [
        new("zone-file", [Encoding.Latin1.GetBytes(ZoneFileText.Sample), "a 60 A 192.0.2.1\n"u8.ToArray()], ZoneFile),
        new("name-text", ["www.example.net."u8.ToArray(), "a\\.b.\\032c"u8.ToArray(), "."u8.ToArray()], NameText),
        new("key-file", [Encoding.Latin1.GetBytes(KeyFile)], Keys),
    ];

    // The records that were read before a mistake can be written, and read the same again.
    private static bool ZoneFile(byte[] bytes)
    {
        ZoneFileParser parser = ZoneFileText.Parse(bytes, out List<DnsRecord> records, chunk: 1 + (bytes.Length % 97));
        var writer = new ZoneFileWriter(ZoneFileText.Origin);
        string text = string.Concat(records.Select(record => writer.ToLine(record) + "\n"));
        ZoneFileParser again = ZoneFileText.Parse(text, out List<DnsRecord> second);
        Assert.Null(again.Error);
        Assert.Equal(records, second);
        return parser.Error is null;
    }

    private static bool NameText(byte[] bytes)
    {
        if (!DnsName.TryParse(Encoding.UTF8.GetString(bytes), out DnsName? name))
            return false;
        Assert.True(DnsName.TryParse(name.ToString(), out DnsName? again));
        Assert.Equal(name, again);
        return true;
    }

    private static bool Keys(byte[] bytes)
    {
        if (!TsigKeyFile.TryParse(Encoding.UTF8.GetString(bytes), allowLegacy: true, out IReadOnlyList<TsigKey>? keys, out _))
            return false;
        foreach (TsigKey key in keys)
        {
            Assert.True(TsigKeyFile.TryParse(TsigKeyFile.Format(key), allowLegacy: true, out IReadOnlyList<TsigKey>? again, out string? error), error);
            Assert.True(key.Matches(Assert.Single(again)));
            again[0].Dispose();
            key.Dispose();
        }

        return true;
    }
}
