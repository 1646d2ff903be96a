namespace Btmm.Core.Tunnel;

/// <summary>A snapshot of the packet path's own counters; what concerns a peer is in <see cref="PeerTraffic"/>.</summary>
/// <param name="PacketsOut">Packets sealed and handed to the socket.</param>
/// <param name="PacketsIn">Packets opened and handed to the TUN device.</param>
/// <param name="DroppedNotIpv6">Packets from the host that are not whole IPv6 packets.</param>
/// <param name="DroppedNoPeer">Packets from the host to an address that is no peer's, or from one that is not ours.</param>
/// <param name="DroppedTooBig">Packets from the host above the MTU.</param>
/// <param name="DroppedNotSealed">Packets that could not be sealed: sequence numbers used up.</param>
/// <param name="SendFailures">Sealed packets that the kernel refused.</param>
/// <param name="DroppedUnknownSpi">Datagrams with an SPI that is not ours.</param>
/// <param name="DroppedMalformed">Datagrams that are neither ESP, IKE nor keepalive, or not well-formed ESP.</param>
/// <param name="DroppedReplay">ESP packets seen before or too old.</param>
/// <param name="DroppedNotAuthentic">ESP packets with a wrong ICV.</param>
/// <param name="DroppedInner">Authentic packets whose content was not acceptable.</param>
/// <param name="Dummies">Authentic dummy packets.</param>
/// <param name="KeepalivesIn">NAT keepalives received.</param>
/// <param name="KeepalivesOut">NAT keepalives sent.</param>
/// <param name="IkeIn">IKE messages handed on.</param>
/// <param name="IkeDropped">IKE messages dropped: the queue was full or the message too long.</param>
/// <param name="TunWriteFailures">Opened packets that the TUN device refused.</param>
/// <param name="IcmpSent">ICMPv6 errors given to the host.</param>
/// <param name="EventsDropped">Events that nobody read in time.</param>
public sealed record PacketPathCounters(
    long PacketsOut,
    long PacketsIn,
    long DroppedNotIpv6,
    long DroppedNoPeer,
    long DroppedTooBig,
    long DroppedNotSealed,
    long SendFailures,
    long DroppedUnknownSpi,
    long DroppedMalformed,
    long DroppedReplay,
    long DroppedNotAuthentic,
    long DroppedInner,
    long Dummies,
    long KeepalivesIn,
    long KeepalivesOut,
    long IkeIn,
    long IkeDropped,
    long TunWriteFailures,
    long IcmpSent,
    long EventsDropped);
