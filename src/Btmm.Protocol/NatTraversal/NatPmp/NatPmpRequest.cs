using System.Buffers.Binary;

namespace Btmm.Protocol.NatTraversal.NatPmp;

/// <summary>A NAT-PMP request (RFC 6886 §3.2, §3.3, §3.4). Immutable.</summary>
/// <param name="Opcode">The operation.</param>
/// <param name="InternalPort">The port on this host (host order); 0 for an address request.</param>
/// <param name="SuggestedExternalPort">The port wanted on the gateway, 0 for any.</param>
/// <param name="LifetimeSeconds">The lifetime wanted in seconds; 0 deletes.</param>
public readonly record struct NatPmpRequest(
    NatPmpOpcode Opcode, ushort InternalPort, ushort SuggestedExternalPort, uint LifetimeSeconds)
{
    /// <summary>The length of an address request in bytes.</summary>
    public const int AddressRequestLength = 2;

    /// <summary>The length of a map request in bytes.</summary>
    public const int MapRequestLength = 12;

    /// <summary>The length of this request in bytes.</summary>
    public int Length => Opcode == NatPmpOpcode.ExternalAddress ? AddressRequestLength : MapRequestLength;

    /// <summary>Asks for the external address.</summary>
    public static NatPmpRequest ExternalAddress() => new(NatPmpOpcode.ExternalAddress, 0, 0, 0);

    /// <summary>Asks for a mapping, or for its renewal.</summary>
    public static NatPmpRequest Map(NatPmpOpcode opcode, ushort internalPort, ushort suggestedExternalPort, uint lifetimeSeconds) =>
        new(opcode, internalPort, suggestedExternalPort, lifetimeSeconds);

    /// <summary>Asks for the end of a mapping: lifetime and external port are 0 (§3.4).</summary>
    public static NatPmpRequest Delete(NatPmpOpcode opcode, ushort internalPort) => new(opcode, internalPort, 0, 0);

    // 0 version | 1 opcode | 2 reserved (2) | 4 internal port (2) | 6 suggested external port (2) | 8 lifetime (4)

    /// <summary>Writes the request; false when <paramref name="destination"/> is too small.</summary>
    public bool TryWrite(Span<byte> destination, out int written)
    {
        written = 0;
        if (destination.Length < Length) return false;
        destination[0] = NatPmpConstants.Version;
        destination[1] = (byte)Opcode;
        written = Length;
        if (Opcode == NatPmpOpcode.ExternalAddress) return true;
        BinaryPrimitives.WriteUInt16BigEndian(destination[2..], 0);
        BinaryPrimitives.WriteUInt16BigEndian(destination[4..], InternalPort);
        BinaryPrimitives.WriteUInt16BigEndian(destination[6..], SuggestedExternalPort);
        BinaryPrimitives.WriteUInt32BigEndian(destination[8..], LifetimeSeconds);
        return true;
    }

    /// <summary>Reads a request of version 0 with a known operation; false for anything else.</summary>
    public static bool TryParse(ReadOnlySpan<byte> message, out NatPmpRequest request)
    {
        request = default;
        if (message.Length < AddressRequestLength || message[0] != NatPmpConstants.Version) return false;
        if (message[1] == (byte)NatPmpOpcode.ExternalAddress)
        {
            request = ExternalAddress();
            return true;
        }

        if (message[1] > (byte)NatPmpOpcode.MapTcp || message.Length < MapRequestLength) return false;
        request = new NatPmpRequest(
            (NatPmpOpcode)message[1],
            BinaryPrimitives.ReadUInt16BigEndian(message[4..]),
            BinaryPrimitives.ReadUInt16BigEndian(message[6..]),
            BinaryPrimitives.ReadUInt32BigEndian(message[8..]));
        return true;
    }
}
