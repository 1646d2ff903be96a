using System.Net;

namespace Btmm.Protocol.Ike.Events;

/// <summary>After <see cref="PeerSilent"/>, the peer answered again.</summary>
/// <param name="Peer">The peer's identifier.</param>
public sealed record PeerResponsive(IPAddress Peer) : IkeEvent(Peer);
