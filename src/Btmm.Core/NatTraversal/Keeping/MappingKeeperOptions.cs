namespace Btmm.Core.NatTraversal.Keeping;

/// <summary>What a <see cref="MappingKeeper"/> keeps alive.</summary>
public sealed record MappingKeeperOptions
{
    /// <summary>The port on this host, 1..65535.</summary>
    public required int InternalPort { get; init; }

    /// <summary>UDP or TCP.</summary>
    public PortMappingProtocol Protocol { get; init; } = PortMappingProtocol.Udp;

    /// <summary>
    /// The external port to ask for first; by default the internal one. With equal ports, flows that this host begins leave a
    /// port-preserving gateway from the mapped port even while the mapping is lost.
    /// </summary>
    public int? PreferredExternalPort { get; init; }

    /// <summary>The lifetime to ask for; renewed at half of what is granted (RFC 6281 §6: 3600 s).</summary>
    public TimeSpan Lifetime { get; init; } = TimeSpan.FromSeconds(3600);

    /// <summary>
    /// How often the gateway is asked something while all is well: a few bytes that notice, when its announcement is lost, a reboot
    /// and a changed address (which resets no epoch on some gateways). By PCP, which tells the address with a mapping alone, an address
    /// that changes, or a mapping that is dropped, without an announcement and without a new epoch is noticed at every fourth poll only:
    /// after two minutes by default.
    /// </summary>
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Where the user says that others reach this host; null for what the gateway gives alone. With it a second NAT is no reason to
    /// give the mapping on the first one back.
    /// </summary>
    public StatedEndpoint? Stated { get; init; }

    /// <summary>
    /// Whether to keep a pinhole for the same port on the IPv6 gateway too, by PCP. Off by default: the node listens on IPv4 only
    /// so far, and a hole to a port where nobody listens helps nobody.
    /// </summary>
    public bool Pinholes { get; init; }
}
