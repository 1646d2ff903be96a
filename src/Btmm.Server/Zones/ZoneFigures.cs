using Btmm.Protocol.Dns;

namespace Btmm.Server.Zones;

/// <summary>What there is in a zone, or at one of its names.</summary>
/// <param name="Records">Records, the SOA included.</param>
/// <param name="Leased">Those of them with a lease.</param>
/// <param name="Delegations">Names below the apex with NS records (RFC 1034 §4.2.1).</param>
internal readonly record struct ZoneFigures(int Records, int Leased, int Delegations)
{
    public static ZoneFigures operator +(ZoneFigures left, ZoneFigures right) =>
        new(left.Records + right.Records, left.Leased + right.Leased, left.Delegations + right.Delegations);

    public static ZoneFigures operator -(ZoneFigures left, ZoneFigures right) =>
        new(left.Records - right.Records, left.Leased - right.Leased, left.Delegations - right.Delegations);

    internal static ZoneFigures Of(ZoneNode? node, DnsName apex)
    {
        if (node is null)
            return default;
        int leased = 0;
        bool isDelegation = false;
        foreach (ZoneRecord item in node.Records)
        {
            leased += item.LeaseEnd is null ? 0 : 1;
            isDelegation |= item.Record.Type == DnsType.NS;
        }

        return new ZoneFigures(node.Records.Length, leased, isDelegation && node.Name != apex ? 1 : 0);
    }
}
