using System.Net;

namespace Btmm.Core.Tunnel;

/// <summary>An IKE message that arrived on the node's socket; the non-ESP marker is already taken off.</summary>
/// <param name="From">The sender.</param>
/// <param name="Message">The message, a copy of its own.</param>
public sealed record IkeDatagram(IPEndPoint From, ReadOnlyMemory<byte> Message);
