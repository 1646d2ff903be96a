using System.Buffers.Binary;

namespace Btmm.Protocol.Dns;

/// <summary>The 12-byte header of a DNS message (RFC 1035 §4.1.1).</summary>
/// <param name="Id">The message's id.</param>
/// <param name="Bits">The 16 bits of flags, opcode and rcode as on the wire.</param>
/// <param name="QuestionCount">Entries in the question (UPDATE: zone) section.</param>
/// <param name="AnswerCount">Entries in the answer (UPDATE: prerequisite) section.</param>
/// <param name="AuthorityCount">Entries in the authority (UPDATE: update) section.</param>
/// <param name="AdditionalCount">Entries in the additional section.</param>
public readonly record struct DnsHeader(
    ushort Id, ushort Bits, ushort QuestionCount, ushort AnswerCount, ushort AuthorityCount, ushort AdditionalCount)
{
    /// <summary>Bytes in a header.</summary>
    public const int Size = 12;

    private const ushort OpcodeMask = 0x7800;
    private const ushort RcodeMask = 0x000F;

    /// <summary>The flags.</summary>
    public DnsFlags Flags => (DnsFlags)(Bits & ~(OpcodeMask | RcodeMask));

    /// <summary>The opcode.</summary>
    public DnsOpcode Opcode => (DnsOpcode)((Bits & OpcodeMask) >> 11);

    /// <summary>The low four bits of the response code.</summary>
    public DnsRcode Rcode => (DnsRcode)(Bits & RcodeMask);

    /// <summary>Whether QR is set.</summary>
    public bool IsResponse => (Flags & DnsFlags.Response) != 0;

    /// <summary>Puts flags, opcode and the low four bits of the rcode together.</summary>
    /// <param name="flags">The flags.</param>
    /// <param name="opcode">The opcode.</param>
    /// <param name="rcode">The response code.</param>
    public static ushort Pack(DnsFlags flags, DnsOpcode opcode, DnsRcode rcode)
        => (ushort)(((ushort)flags & ~(OpcodeMask | RcodeMask)) | (((int)opcode << 11) & OpcodeMask) | ((int)rcode & RcodeMask));

    /// <summary>Reads a header; false when there are fewer than 12 bytes.</summary>
    /// <param name="message">The message.</param>
    /// <param name="header">The header.</param>
    public static bool TryRead(ReadOnlySpan<byte> message, out DnsHeader header)
    {
        header = default;
        if (message.Length < Size) return false;
        header = new DnsHeader(Word(message, 0), Word(message, 2), Word(message, 4), Word(message, 6), Word(message, 8), Word(message, 10));
        return true;
    }

    /// <summary>Writes the header; false when there are fewer than 12 bytes.</summary>
    /// <param name="destination">Where to write.</param>
    public bool TryWrite(Span<byte> destination)
    {
        if (destination.Length < Size) return false;
        BinaryPrimitives.WriteUInt16BigEndian(destination, Id);
        BinaryPrimitives.WriteUInt16BigEndian(destination[2..], Bits);
        BinaryPrimitives.WriteUInt16BigEndian(destination[4..], QuestionCount);
        BinaryPrimitives.WriteUInt16BigEndian(destination[6..], AnswerCount);
        BinaryPrimitives.WriteUInt16BigEndian(destination[8..], AuthorityCount);
        BinaryPrimitives.WriteUInt16BigEndian(destination[10..], AdditionalCount);
        return true;
    }

    private static ushort Word(ReadOnlySpan<byte> message, int offset) => BinaryPrimitives.ReadUInt16BigEndian(message[offset..]);
}
