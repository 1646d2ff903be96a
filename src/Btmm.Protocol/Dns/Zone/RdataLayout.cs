using System.Collections.Frozen;

namespace Btmm.Protocol.Dns.Zone;

/// <summary>The types whose data have a text form of their own here; all others are written as RFC 3597 §5 says.</summary>
internal static class RdataLayout
{
    private static readonly FrozenDictionary<DnsType, RdataField[]> s_layouts = new Dictionary<DnsType, RdataField[]>
    {
        [DnsType.A] = [RdataField.Address4],
        [DnsType.AAAA] = [RdataField.Address6],
        [DnsType.NS] = [RdataField.Name],
        [DnsType.CNAME] = [RdataField.Name],
        [DnsType.PTR] = [RdataField.Name],
        [DnsType.DNAME] = [RdataField.Name],
        [DnsType.SOA] =
        [
            RdataField.Name, RdataField.Name, RdataField.Number32, RdataField.Seconds, RdataField.Seconds, RdataField.Seconds, RdataField.Seconds,
        ],
        [DnsType.MX] = [RdataField.Number16, RdataField.Name],
        [DnsType.AFSDB] = [RdataField.Number16, RdataField.Name],
        [DnsType.RP] = [RdataField.Name, RdataField.Name],
        [DnsType.SRV] = [RdataField.Number16, RdataField.Number16, RdataField.Number16, RdataField.Name],
        [DnsType.NAPTR] = [RdataField.Number16, RdataField.Number16, RdataField.Text, RdataField.Text, RdataField.Text, RdataField.Name],
        [DnsType.TXT] = [RdataField.Texts],
        [DnsType.SPF] = [RdataField.Texts],
        [DnsType.HINFO] = [RdataField.Text, RdataField.Text],
        [DnsType.URI] = [RdataField.Number16, RdataField.Number16, RdataField.TextToEnd],
        [DnsType.CAA] = [RdataField.Number8, RdataField.Tag, RdataField.TextToEnd],
        [DnsType.KEY] = [RdataField.Number16, RdataField.Number8, RdataField.Number8, RdataField.Base64],
        [DnsType.DNSKEY] = [RdataField.Number16, RdataField.Number8, RdataField.Number8, RdataField.Base64],
        [DnsType.CDNSKEY] = [RdataField.Number16, RdataField.Number8, RdataField.Number8, RdataField.Base64],
        [DnsType.DS] = [RdataField.Number16, RdataField.Number8, RdataField.Number8, RdataField.Hex],
        [DnsType.CDS] = [RdataField.Number16, RdataField.Number8, RdataField.Number8, RdataField.Hex],
        [DnsType.TLSA] = [RdataField.Number8, RdataField.Number8, RdataField.Number8, RdataField.Hex],
        [DnsType.SMIMEA] = [RdataField.Number8, RdataField.Number8, RdataField.Number8, RdataField.Hex],
        [DnsType.SSHFP] = [RdataField.Number8, RdataField.Number8, RdataField.Hex],
        [DnsType.OPENPGPKEY] = [RdataField.Base64],
    }.ToFrozenDictionary();

    /// <summary>The parts of a type's data in their order; false for a type without a text form.</summary>
    public static bool TryFind(DnsType type, out ReadOnlySpan<RdataField> fields)
    {
        bool isKnown = s_layouts.TryGetValue(type, out RdataField[]? layout);
        fields = layout;
        return isKnown;
    }
}
