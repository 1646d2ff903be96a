using System.Net;

namespace Btmm.Protocol.Ike;

/// <summary>A message to send: without the non-ESP marker, which the driver puts in front (RFC 3948 §2.2).</summary>
/// <param name="To">Where to send it.</param>
/// <param name="Message">The IKE message; the memory belongs to the receiver of this value.</param>
public readonly record struct IkeOutput(IPEndPoint To, ReadOnlyMemory<byte> Message);
