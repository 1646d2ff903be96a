using System.Net;
using Btmm.Core.NatTraversal;
using Btmm.Core.SignOn;

namespace Btmm.Core.Node;

/// <summary>What a node is to be. Immutable.</summary>
public sealed record BtmmNodeOptions
{
    /// <summary>The account; stays the caller's.</summary>
    public required BtmmAccount Account { get; init; }

    /// <summary>This host's label in the account's domain: letters, digits and inner hyphens.</summary>
    public required string HostLabel { get; init; }

    /// <summary>The directory for the journal, the mappings, the port, the identifier and the cache; made when missing.</summary>
    public required string StateDirectory { get; init; }

    /// <summary>The UDP port; null takes the one of the last run, or a random one at the first.</summary>
    public int? Port { get; init; }

    /// <summary>The protocols to map the port by; none for whichever the gateway speaks.</summary>
    public IReadOnlyList<PortMappingMethod> MappingMethods { get; init; } = [];

    /// <summary>
    /// Where others reach this host by a forwarding made by hand or as a router's exposed host; null for what the gateway gives. For a
    /// host that stays where it is: it is published on every network.
    /// </summary>
    public StatedEndpoint? StatedEndpoint { get; init; }

    /// <summary>
    /// STUN servers to ask beside the zone's own, which need not answer STUN; by name or address. Only IPv4 addresses are asked, the
    /// first four.
    /// </summary>
    public IReadOnlyList<DnsEndPoint> StunServers { get; init; } = [];

    /// <summary>The tunnel interface's name; <c>%d</c> becomes the first free number.</summary>
    public string InterfaceName { get; init; } = "btmm%d";

    /// <summary>The tunnel's largest IP packet in bytes: 1280 always fits.</summary>
    public int Mtu { get; init; } = 1280;

    /// <summary>Whether names of peers are written into the hosts file.</summary>
    public bool WriteHosts { get; init; } = true;

    /// <summary>
    /// Whether a tunnel is built as soon as a peer is seen, or is known from the last run and there is a network; not only for the
    /// first packet.
    /// </summary>
    public bool ConnectAtOnce { get; init; } = true;

    /// <summary>The shortest lease to ask for: 30 min.</summary>
    public static TimeSpan ShortestLease { get; } = TimeSpan.FromMinutes(30);

    /// <summary>The longest lease to ask for: 2 h.</summary>
    public static TimeSpan LongestLease { get; } = TimeSpan.FromHours(2);

    /// <summary>The lease asked for this host's records, from <see cref="ShortestLease"/> to <see cref="LongestLease"/>.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromMinutes(90);

    /// <summary>How long <see cref="BtmmNode.StopAsync"/> may take in all.</summary>
    public TimeSpan StopTimeout { get; init; } = TimeSpan.FromSeconds(8);
}
