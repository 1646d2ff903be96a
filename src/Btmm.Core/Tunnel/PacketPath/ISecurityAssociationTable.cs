using System.Net;

namespace Btmm.Core.Tunnel;

/// <summary>
/// What the packet path knows of peers, endpoints and keys, as IKE sets it. Thread-safe; every change takes effect at
/// once and atomically for packets that come after it.
/// </summary>
public interface ISecurityAssociationTable
{
    /// <summary>
    /// Says which identifiers are peers. Packets to them wait for a tunnel; to any other they are answered with ICMPv6
    /// unreachable. A peer that is no longer named keeps its SAs until they are removed.
    /// </summary>
    void SetPeers(IReadOnlyCollection<IPAddress> peers);

    /// <summary>
    /// Adds a child SA. Its inbound half works at once; its outbound half too unless
    /// <paramref name="activateOutbound"/> is false (a rekey's responder waits for the first packet or the delete).
    /// Waiting packets are sent when the outbound half becomes active. Sets the peer's endpoint.
    /// </summary>
    /// <exception cref="ArgumentException">
    /// An address is not IPv6, the inbound SPI is 0 or installed already, or keying material has the wrong length.
    /// </exception>
    void Install(ChildSaPair pair, IPEndPoint endpoint, bool activateOutbound = true);

    /// <summary>Makes the pair with this inbound SPI the one that sends. False when there is none.</summary>
    bool ActivateOutbound(uint inboundSpi);

    /// <summary>
    /// Removes the pair with this inbound SPI and clears its keys. When it was the one that sends, the newest remaining
    /// pair of the peer takes over. False when there is none.
    /// </summary>
    bool Remove(uint inboundSpi);

    /// <summary>Sets where the peer's packets are sent, from the next one on. Does nothing for an unknown peer.</summary>
    void SetEndpoint(IPAddress peer, IPEndPoint endpoint);

    /// <summary>Where the peer's packets are sent; null when unknown.</summary>
    IPEndPoint? GetEndpoint(IPAddress peer);

    /// <summary>The traffic with a peer over all its SAs; null for an unknown peer.</summary>
    PeerTraffic? GetPeerTraffic(IPAddress peer);

    /// <summary>The traffic of one installed pair; null when there is none.</summary>
    SaTraffic? GetSaTraffic(uint inboundSpi);
}
