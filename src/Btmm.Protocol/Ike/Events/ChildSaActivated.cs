using System.Net;

namespace Btmm.Protocol.Ike.Events;

/// <summary>The peer is ready to receive on this pair of ESP SAs (RFC 7296 §2.8): send on it from now on.</summary>
/// <param name="Peer">The peer's identifier.</param>
/// <param name="InboundSpi">The pair, by its inbound SPI.</param>
public sealed record ChildSaActivated(IPAddress Peer, uint InboundSpi) : IkeEvent(Peer);
