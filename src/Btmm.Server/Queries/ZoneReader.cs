using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Tsig;
using Btmm.Server.Requests;
using Btmm.Server.Zones;

namespace Btmm.Server.Queries;

/// <summary>Who asks: what of a zone he may see.</summary>
/// <param name="Zone">The zone.</param>
/// <param name="Key">The key that signed the request, or null.</param>
internal readonly record struct ZoneReader(Zone Zone, TsigKey? Key)
{
    internal bool MayRead(ReadOnlySpan<byte> name, DnsType type) => AccessPolicy.MayRead(Zone, Key, name, type);
}
