using System.Net;
using Btmm.Protocol.Dns;

namespace Btmm.Core.Administration;

/// <summary>A zone as an operator describes it. Immutable.</summary>
/// <param name="Apex">The zone's name: not the root, and at most 200 bytes.</param>
public sealed record ZoneSettings(DnsName Apex)
{
    /// <summary>Whether anybody may read all of it, as in ordinary DNS; else only holders of its keys may.</summary>
    public bool IsPublic { get; init; }

    /// <summary>The first label of the server's own name in the zone, 1 to 40 letters, digits and hyphens; cannot be changed later.</summary>
    public string ServerLabel { get; init; } = "ns";

    /// <summary>How much of the service it may use up; for a zone in the catalog 6,000 updates a minute unless given.</summary>
    public ZoneQuota Quota { get; init; } = new() { UpdatesPerMinute = 6000 };

    /// <summary>The secondary servers to tell of changes (RFC 1996); their transfers need a key with <see cref="ZoneAccess.Transfer"/>.</summary>
    public IReadOnlyList<ZoneSecondary> Secondaries { get; init; } = [];

    /// <summary>Whether the name servers in the zone's own NS records are told as well, at port 53, without a key.</summary>
    public bool NotifiesNameServers { get; init; }

    /// <summary>Where a public zone may be transferred to without a key; nowhere unless given.</summary>
    public IReadOnlyList<IPNetwork> TransferNetworks { get; init; } = [];
}
