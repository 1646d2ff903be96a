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
}
