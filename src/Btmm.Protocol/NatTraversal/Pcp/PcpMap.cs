using System.Buffers.Binary;
using System.Net;

namespace Btmm.Protocol.NatTraversal.Pcp;

/// <summary>What MAP adds to the header, in requests and in responses (RFC 6887 §11.1). Immutable.</summary>
/// <param name="Nonce">The mapping's nonce; copied into the response.</param>
/// <param name="Protocol">The transport protocol's number, 6 or 17; 0 for all.</param>
/// <param name="InternalPort">The port on this host (host order); 0 for all.</param>
/// <param name="ExternalPort">The port suggested, 0 for any; in a successful response the one assigned.</param>
/// <param name="ExternalAddress">
/// The address suggested, or the family's "any"; in a successful response the one assigned. IPv4 addresses are plain, not mapped.
/// </param>
public readonly record struct PcpMap(
    PcpNonce Nonce, byte Protocol, ushort InternalPort, ushort ExternalPort, IPAddress ExternalAddress)
{
    /// <summary>The protocol number of TCP.</summary>
    public const byte Tcp = 6;

    /// <summary>The protocol number of UDP.</summary>
    public const byte Udp = 17;

    private const int ProtocolOffset = PcpNonce.Length;
    private const int InternalPortOffset = 16;
    private const int ExternalPortOffset = 18;
    private const int ExternalAddressOffset = 20;

    // 0 nonce (12) | 12 protocol | 13 reserved (3) | 16 internal port (2) | 18 external port (2) | 20 external address (16)

    internal bool TryWrite(Span<byte> destination)
    {
        if (destination.Length < PcpConstants.MapLength || !Nonce.TryWrite(destination)) return false;
        destination[ProtocolOffset..InternalPortOffset].Clear();
        destination[ProtocolOffset] = Protocol;
        BinaryPrimitives.WriteUInt16BigEndian(destination[InternalPortOffset..], InternalPort);
        BinaryPrimitives.WriteUInt16BigEndian(destination[ExternalPortOffset..], ExternalPort);
        PcpAddress.Write(ExternalAddress, destination[ExternalAddressOffset..]);
        return true;
    }

    internal static bool TryRead(ReadOnlySpan<byte> payload, out PcpMap map)
    {
        map = default;
        if (payload.Length < PcpConstants.MapLength || !PcpNonce.TryRead(payload, out PcpNonce nonce)) return false;
        map = new PcpMap(
            nonce,
            payload[ProtocolOffset],
            BinaryPrimitives.ReadUInt16BigEndian(payload[InternalPortOffset..]),
            BinaryPrimitives.ReadUInt16BigEndian(payload[ExternalPortOffset..]),
            PcpAddress.Read(payload[ExternalAddressOffset..]));
        return true;
    }
}
