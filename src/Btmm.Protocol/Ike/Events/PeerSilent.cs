using System.Net;

namespace Btmm.Protocol.Ike.Events;

/// <summary>A request to the peer went unanswered and is being repeated. The tunnel stays for now.</summary>
/// <param name="Peer">The peer's identifier.</param>
/// <param name="Silence">How long nothing authentic has come from the peer.</param>
public sealed record PeerSilent(IPAddress Peer, TimeSpan Silence) : IkeEvent(Peer);
