using System.Net;

namespace Btmm.Protocol.Ike.Events;

/// <summary>A pair of ESP SAs must be used no longer, in either direction.</summary>
/// <param name="Peer">The peer's identifier.</param>
/// <param name="InboundSpi">The pair, by its inbound SPI.</param>
public sealed record ChildSaDeleted(IPAddress Peer, uint InboundSpi) : IkeEvent(Peer);
