using System.Net;

namespace Btmm.Protocol.Ike.Events;

/// <summary>The peer is at another endpoint, and has shown that it receives there (RFC 4555 §3.7): send ESP there from now on.</summary>
/// <param name="Peer">The peer's identifier.</param>
/// <param name="Endpoint">The new endpoint.</param>
public sealed record PeerEndpointChanged(IPAddress Peer, IPEndPoint Endpoint) : IkeEvent(Peer);
