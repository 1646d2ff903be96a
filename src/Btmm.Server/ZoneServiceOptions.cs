using System.Net;
using Btmm.Core.Contracts;
using Btmm.Protocol;
using Btmm.Server.Administration;
using Btmm.Server.Storage;

namespace Btmm.Server;

/// <summary>How a <see cref="ZoneService"/> runs. Immutable.</summary>
public sealed record ZoneServiceOptions
{
    /// <summary>
    /// Where queries and updates are answered, by UDP and TCP on the same port; port 0 picks one. At 0.0.0.0 and :: answers come
    /// from the address that was asked, but by UDP only on Linux with <see cref="DatagramServers"/>: elsewhere, where a host has
    /// several addresses, name them one by one.
    /// </summary>
    public required IReadOnlyList<IPEndPoint> Endpoints { get; init; }

    /// <summary>
    /// Further UDP endpoints for long-lived queries (usually port 5352); they work on <see cref="Endpoints"/> as well. The
    /// zone's SRV record names the first of these, or the first of <see cref="Endpoints"/> when this is empty.
    /// </summary>
    public IReadOnlyList<IPEndPoint> LongLivedQueryEndpoints { get; init; } = [];

    /// <summary>
    /// Where queries, updates and subscriptions are taken by TLS (RFC 7858), by custom on port 853; port 0 picks one. Needs
    /// <see cref="Certificate"/>, or a zone whose <see cref="ZoneOptions.Authority"/> can issue one.
    /// </summary>
    public IReadOnlyList<IPEndPoint> TlsEndpoints { get; init; } = [];

    /// <summary>
    /// UDP endpoints where hosts can learn how they look from outside (STUN, RFC 8489, by custom on port 3478), which they also can
    /// at <see cref="Endpoints"/>. Two that differ in address and in port make four, for the discovery of a NAT's behaviour (RFC 5780).
    /// </summary>
    public IReadOnlyList<IPEndPoint> StunEndpoints { get; init; } = [];

    /// <summary>The certificate shown to clients that ask for none of the zones' own authorities; null for none.</summary>
    public ServerCertificate? Certificate { get; init; }

    /// <summary>The zones of accounts; those in the store's catalog are served beside them. May be empty when the store has one.</summary>
    public required IReadOnlyList<ZoneOptions> Zones { get; init; }

    /// <summary>
    /// The addresses published for this server; empty for the addresses of <see cref="Endpoints"/> other than 0.0.0.0 and ::.
    /// </summary>
    public IReadOnlyList<IPAddress> PublicAddresses { get; init; } = [];

    /// <summary>
    /// This server's first label in every zone, in place of the zones' own; null for those. Servers that share a store need
    /// one each, so that clients find all of them.
    /// </summary>
    public string? ServerLabel { get; init; }

    /// <summary>Bounds of records' leases; 30 minutes to 2 hours.</summary>
    public LeaseBounds RecordLease { get; init; } = new(TimeSpan.FromMinutes(30), TimeSpan.FromHours(2));

    /// <summary>Bounds of KEY records' leases where the update asks for them apart; 30 minutes to 7 days (RFC 9664 §9).</summary>
    public LeaseBounds KeyLease { get; init; } = new(TimeSpan.FromMinutes(30), TimeSpan.FromDays(7));

    /// <summary>Bounds of long-lived queries' leases; 15 minutes to 2 hours.</summary>
    public LeaseBounds LongLivedQueryLease { get; init; } = new(TimeSpan.FromMinutes(15), TimeSpan.FromHours(2));

    /// <summary>Limits on what clients may use up.</summary>
    public ZoneServiceLimits Limits { get; init; } = new();

    /// <summary>Limits the answers over UDP to each network; null for no limit.</summary>
    public RateLimit? RateLimit { get; init; } = new();

    /// <summary>
    /// Secrets for server cookies (RFC 9018), 16 bytes each, shared by the servers of one address: the first makes cookies, all are
    /// accepted. Empty for a random one that changes every day.
    /// </summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> CookieSecrets { get; init; } = [];

    /// <summary>What the service calls itself to those who ask (NSID, RFC 5001), at most 64 bytes; null to say nothing.</summary>
    public string? ServerId { get; init; }

    /// <summary>Where records are kept; null keeps them in memory only.</summary>
    public IZoneStore? Store { get; init; }

    /// <summary>
    /// Seals the keys in the store's catalog; stays its owner's. Null for a key that is lost with the service, which only suits
    /// stores in memory.
    /// </summary>
    public CatalogSeal? Seal { get; init; }

    /// <summary>Opens the UDP sockets; null uses the class library's, which are slower.</summary>
    public IDatagramServerFactory? DatagramServers { get; init; }

    /// <summary>Threads that answer at each UDP endpoint; 0 for one for each processor.</summary>
    public int UdpWorkers { get; init; }

    /// <summary>The clock.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>The source of ids and secrets.</summary>
    public IRandomSource Random { get; init; } = SystemRandomSource.Instance;
}
