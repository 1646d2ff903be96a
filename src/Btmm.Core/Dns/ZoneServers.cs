using System.Net;
using Btmm.Protocol.Dns;

namespace Btmm.Core.Dns;

/// <summary>Who serves a zone. Immutable.</summary>
/// <param name="Zone">The zone's apex.</param>
/// <param name="Primary">Where to send queries and updates, in this order.</param>
/// <param name="LongLivedQueries">Where to send long-lived queries; empty when the zone announces no such service.</param>
public sealed record ZoneServers(DnsName Zone, IReadOnlyList<IPEndPoint> Primary, IReadOnlyList<IPEndPoint> LongLivedQueries);
