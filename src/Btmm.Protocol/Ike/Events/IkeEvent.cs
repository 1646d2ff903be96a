using System.Net;

namespace Btmm.Protocol.Ike.Events;

/// <summary>Something that happened inside an <see cref="IkeEndpoint"/>; taken by <see cref="IkeEndpoint.TryTakeEvent"/> in order.</summary>
/// <param name="Peer">The peer's identifier.</param>
public abstract record IkeEvent(IPAddress Peer);
