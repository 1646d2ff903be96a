using System.Net;

namespace Btmm.TestKit;

/// <summary>A datagram on a <see cref="VirtualWire"/>.</summary>
/// <param name="From">The sender.</param>
/// <param name="To">The receiver.</param>
/// <param name="Payload">The bytes.</param>
public sealed record WireDatagram(IPEndPoint From, IPEndPoint To, ReadOnlyMemory<byte> Payload);
