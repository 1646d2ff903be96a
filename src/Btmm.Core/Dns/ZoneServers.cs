using System.Net;
using Btmm.Core.Dns.Tls;
using Btmm.Protocol.Dns;

namespace Btmm.Core.Dns;

/// <summary>Who serves a zone. Immutable.</summary>
/// <param name="Zone">The zone's apex.</param>
/// <param name="Primary">Where to send queries and updates, in this order; TLS endpoints alone when TLS is used.</param>
/// <param name="LongLivedQueries">
/// Where to send long-lived queries by UDP; empty when the zone announces no such service, or TLS is used.
/// </param>
public sealed record ZoneServers(DnsName Zone, IReadOnlyList<IPEndPoint> Primary, IReadOnlyList<IPEndPoint> LongLivedQueries)
{
    /// <summary>Where to send long-lived queries by TLS; empty when the zone announces no such service.</summary>
    public IReadOnlyList<TlsEndPoint> LongLivedQueriesTls { get; init; } = [];

    /// <summary>Where to subscribe by DNS Push (RFC 8765 §6.1); empty when the zone announces no such service.</summary>
    public IReadOnlyList<TlsEndPoint> Push { get; init; } = [];

    /// <summary>Whether everything that is said about the zone is said by TLS.</summary>
    public bool UsesTls => Primary.Count > 0 && Primary.All(static server => server is TlsEndPoint);
}
