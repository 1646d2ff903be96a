using System.Net;

namespace Btmm.Core.Tunnel;

/// <summary>What the packet path has to tell. Events may repeat and, when nobody reads them, are dropped and counted.</summary>
public abstract record PacketPathEvent
{
    private PacketPathEvent()
    {
    }

    /// <summary>A packet waits for a tunnel to this peer. Repeated every second while packets keep coming.</summary>
    /// <param name="Peer">The peer's identifier.</param>
    public sealed record TunnelWanted(IPAddress Peer) : PacketPathEvent;

    /// <summary>
    /// An authentic packet, the newest of its SA, came from another endpoint than the one in use (RFC 7296 §2.23).
    /// The packet path goes on sending to the old one until <see cref="ISecurityAssociationTable.SetEndpoint"/>.
    /// </summary>
    /// <param name="Peer">The peer's identifier.</param>
    /// <param name="From">Where the packet came from.</param>
    public sealed record PeerMoved(IPAddress Peer, IPEndPoint From) : PacketPathEvent;

    /// <summary>The first packet arrived on an SA: the peer has it, so it is safe to send on it.</summary>
    /// <param name="Peer">The peer's identifier.</param>
    /// <param name="InboundSpi">Our SPI.</param>
    public sealed record FirstPacket(IPAddress Peer, uint InboundSpi) : PacketPathEvent;

    /// <summary>The sending half of an SA has used most of what it may send: replace it. Repeated every second until then.</summary>
    /// <param name="Peer">The peer's identifier.</param>
    /// <param name="InboundSpi">Our SPI, which names the pair.</param>
    public sealed record SequenceNearlyExhausted(IPAddress Peer, uint InboundSpi) : PacketPathEvent;

    /// <summary>A pump ended because its device failed; no more packets flow in this direction.</summary>
    /// <param name="Error">What went wrong.</param>
    public sealed record Failed(Exception Error) : PacketPathEvent;
}
