using System.Net;

namespace Btmm.Protocol.Ike.Events;

/// <summary>The peer is authenticated and an IKE SA with it is up, by a first exchange or by a rekey.</summary>
/// <param name="Peer">The peer's identifier.</param>
/// <param name="Identity">The peer's authenticated host name.</param>
/// <param name="Sa">The IKE SA.</param>
/// <param name="Endpoint">Where the peer is.</param>
/// <param name="IsRekey">Whether it takes the place of an older IKE SA.</param>
public sealed record IkeSaEstablished(IPAddress Peer, string Identity, IkeSaInfo Sa, IPEndPoint Endpoint, bool IsRekey) : IkeEvent(Peer);
