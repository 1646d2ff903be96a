using System.Buffers.Binary;

namespace Btmm.Protocol.NatTraversal.Stun;

/// <summary>The header of STUN messages (RFC 8489 §5): type, length of the attributes, magic cookie, transaction id.</summary>
public static class StunHeader
{
    /// <summary>Bytes in a header.</summary>
    public const int Size = 20;

    /// <summary>Bytes of a transaction id.</summary>
    public const int TransactionIdSize = 12;

    /// <summary>The magic cookie.</summary>
    public const uint MagicCookie = 0x2112_A442;

    /// <summary>A request for the own address.</summary>
    public const ushort BindingRequest = 0x0001;

    /// <summary>Its answer.</summary>
    public const ushort BindingSuccess = 0x0101;

    /// <summary>Its refusal.</summary>
    public const ushort BindingError = 0x0111;

    internal const int CookieOffset = 4;
    internal const int TransactionIdOffset = 8;

    /// <summary>
    /// Whether a datagram is a STUN message and nothing else: two zero bits, a length that is a multiple of four and fills the
    /// datagram, and the magic cookie. At a DNS server's port that cannot be a DNS message, whatever its id: the cookie would stand
    /// for 8,466 questions and 42,050 answers, which need more bytes (504,880) than any message has.
    /// </summary>
    /// <param name="datagram">The datagram.</param>
    public static bool IsStun(ReadOnlySpan<byte> datagram) =>
        datagram.Length >= Size && (datagram[0] & 0xC0) == 0 && datagram.Length % 4 == 0
        && BinaryPrimitives.ReadUInt32BigEndian(datagram[CookieOffset..]) == MagicCookie
        && BinaryPrimitives.ReadUInt16BigEndian(datagram[2..]) == datagram.Length - Size;

    /// <summary>The type of a message.</summary>
    /// <param name="message">A STUN message.</param>
    public static ushort TypeOf(ReadOnlySpan<byte> message) => BinaryPrimitives.ReadUInt16BigEndian(message);

    /// <summary>The transaction id of a message.</summary>
    /// <param name="message">A STUN message.</param>
    public static ReadOnlySpan<byte> TransactionIdOf(ReadOnlySpan<byte> message) => message.Slice(TransactionIdOffset, TransactionIdSize);
}
