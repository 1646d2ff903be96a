using System.Net;
using Btmm.Protocol.Dns;

namespace Btmm.Core.NatTraversal.Verdicts;

/// <summary>What an examination may ask, and whom. Immutable.</summary>
public sealed record GatewayExaminerOptions
{
    /// <summary>STUN servers that the user names; IPv4. The first four are asked.</summary>
    public IReadOnlyList<IPEndPoint> StunServers { get; init; } = [];

    /// <summary>
    /// The DNS servers of the account's zone; IPv4. They are asked by STUN as well, which Btmm's own service answers at its DNS
    /// port; that another server does not is no sign of anything. The first two are asked.
    /// </summary>
    public IReadOnlyList<IPEndPoint> ZoneServers { get; init; } = [];

    /// <summary>
    /// The account's zone. When given, a name that cannot exist below it is asked for by UDP, in clear: who answers with an
    /// address is an interceptor.
    /// </summary>
    public DnsName? Zone { get; init; }

    /// <summary>
    /// An http URL that answers 204 and nothing else on a network without a sign-in page; null to do without. Its host is an
    /// address, or a name that <see cref="GatewayExaminerParts.ResolveHost"/> finds.
    /// </summary>
    public Uri? PortalProbe { get; init; }

    /// <summary>
    /// Whether to map a random free UDP port for a moment. Without that nobody can tell a gateway that answers from one that maps.
    /// Default true.
    /// </summary>
    public bool TryMapping { get; init; } = true;

    /// <summary>
    /// What is known of the gateway's mappings already; then none is tried, and a gateway that is known to map, with its external
    /// address, is not asked at all.
    /// </summary>
    public MappingTrial? KnownMapping { get; init; }

    /// <summary>The UDP port at which others are to reach this host, which a remedy may have to name; null when it is not known.</summary>
    public int? Port { get; init; }

    /// <summary>The longest an examination takes, giving back the trial mapping excepted. Default 5 s.</summary>
    public TimeSpan Limit { get; init; } = TimeSpan.FromSeconds(5);
}
