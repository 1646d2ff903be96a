using System.Net;

namespace Btmm.Protocol.Ike.Events;

/// <summary>An IKE SA is gone, or an attempt to build one ended. Its child SAs have been reported deleted before.</summary>
/// <param name="Peer">The peer's identifier.</param>
/// <param name="Reason">Why.</param>
/// <param name="LocalSpi">This side's SPI.</param>
/// <param name="WasEstablished">False when the attempt failed.</param>
/// <param name="IsLast">Whether no other IKE SA with this peer is up or coming up.</param>
public sealed record IkeSaClosed(IPAddress Peer, IkeCloseReason Reason, ulong LocalSpi, bool WasEstablished, bool IsLast) : IkeEvent(Peer);
