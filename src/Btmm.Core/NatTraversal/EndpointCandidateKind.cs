namespace Btmm.Core.NatTraversal;

/// <summary>Why an address and port lead to this host.</summary>
public enum EndpointCandidateKind
{
    /// <summary>The host's own address is public.</summary>
    DirectPublic,

    /// <summary>A gateway forwards the port.</summary>
    Mapped,

    /// <summary>The user says so: a port was forwarded by hand, or this host is a router's exposed host (<see cref="StatedEndpoint"/>).</summary>
    Stated,

    /// <summary>The host's own IPv6 address; a gateway lets the port through its firewall.</summary>
    Pinhole,
}
