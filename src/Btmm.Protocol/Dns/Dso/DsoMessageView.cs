using System.Buffers.Binary;

namespace Btmm.Protocol.Dns.Dso;

/// <summary>
/// A DSO message (RFC 8490 §5.4) as it lies in its bytes: a DNS header with opcode 6 and four zero counts, then TLVs up to the
/// end. Checked when it is made, so that walking through it cannot fail.
/// </summary>
public readonly ref struct DsoMessageView
{
    /// <summary>Bytes of a TLV before its data.</summary>
    public const int TlvHeaderSize = 4;

    private DsoMessageView(ReadOnlySpan<byte> message, DnsHeader header)
    {
        Message = message;
        Header = header;
    }

    /// <summary>The whole message; names in it may point back into it.</summary>
    public ReadOnlySpan<byte> Message { get; }

    /// <summary>The header.</summary>
    public DnsHeader Header { get; }

    /// <summary>Request, response or unidirectional.</summary>
    public DsoKind Kind => KindOf(Header);

    /// <summary>The first TLV, which says what the message is for; null in a response without any.</summary>
    public DsoTlv? Primary => TryNext(DnsHeader.Size, out DsoTlv tlv) ? tlv : null;

    /// <summary>Request, response or unidirectional, of a message that need not be well formed otherwise.</summary>
    /// <param name="header">The header.</param>
    public static DsoKind KindOf(DnsHeader header) => (header.IsResponse, header.Id) switch
    {
        (false, 0) => DsoKind.Unidirectional,
        (false, _) => DsoKind.Request,
        (true, 0) => DsoKind.Invalid,
        _ => DsoKind.Response,
    };

    /// <summary>Reads a message.</summary>
    /// <param name="message">The bytes.</param>
    /// <param name="view">The message; of use only without an error.</param>
    public static DsoParseError TryRead(ReadOnlySpan<byte> message, out DsoMessageView view)
    {
        view = default;
        if (!DnsHeader.TryRead(message, out DnsHeader header) || header.Opcode != DnsOpcode.Dso) return DsoParseError.NotDso;
        if ((header.QuestionCount | header.AnswerCount | header.AuthorityCount | header.AdditionalCount) != 0) return DsoParseError.HasSections;
        for (int at = DnsHeader.Size; at < message.Length;)
        {
            if (message.Length - at < TlvHeaderSize) return DsoParseError.BadTlv;
            int length = BinaryPrimitives.ReadUInt16BigEndian(message[(at + 2)..]);
            at += TlvHeaderSize;
            if (length > message.Length - at) return DsoParseError.BadTlv;
            at += length;
        }

        if (!header.IsResponse && message.Length == DnsHeader.Size) return DsoParseError.NoPrimary;
        view = new DsoMessageView(message, header);
        return DsoParseError.None;
    }

    /// <summary>The TLV at a place: first <see cref="DnsHeader.Size"/>, then the end of the one before.</summary>
    /// <param name="position">The place.</param>
    /// <param name="tlv">The TLV.</param>
    public bool TryNext(int position, out DsoTlv tlv)
    {
        tlv = default;
        if (position >= Message.Length) return false;
        var type = (DsoType)BinaryPrimitives.ReadUInt16BigEndian(Message[position..]);
        tlv = new DsoTlv(type, position + TlvHeaderSize, BinaryPrimitives.ReadUInt16BigEndian(Message[(position + 2)..]));
        return true;
    }

    /// <summary>How many TLVs of a kind there are.</summary>
    /// <param name="type">The kind.</param>
    /// <param name="first">The first of them.</param>
    public int Count(DsoType type, out DsoTlv first)
    {
        first = default;
        int count = 0;
        for (int at = DnsHeader.Size; TryNext(at, out DsoTlv tlv); at = tlv.End)
        {
            if (tlv.Type == type && count++ == 0) first = tlv;
        }

        return count;
    }

    /// <summary>A TLV's data.</summary>
    /// <param name="tlv">One of this message.</param>
    public ReadOnlySpan<byte> DataOf(DsoTlv tlv) => Message.Slice(tlv.Offset, tlv.Length);
}
