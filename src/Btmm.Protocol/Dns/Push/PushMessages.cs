using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using Btmm.Protocol.Dns.Data;
using Btmm.Protocol.Dns.Dso;
using Btmm.Protocol.Wire;

namespace Btmm.Protocol.Dns.Push;

/// <summary>Makes and reads the messages of RFC 8765 that a client sends. Holds no state.</summary>
public static class PushMessages
{
    private const int QuestionTail = 4;
    private const int MaxQuestion = DnsHeader.Size + DsoMessageView.TlvHeaderSize + DnsNameWire.MaxLength + QuestionTail;

    /// <summary>A SUBSCRIBE request (§6.2.1).</summary>
    /// <param name="id">The message id.</param>
    /// <param name="question">What to watch; type and class may be ANY, which means all.</param>
    public static byte[] Subscribe(ushort id, DnsQuestion question)
    {
        Span<byte> buffer = stackalloc byte[MaxQuestion];
        var writer = new DsoMessageWriter(buffer);
        writer.TryBegin(DsoType.Subscribe);
        writer.Data.TryWriteQuestion(question);
        writer.End();
        return buffer[..writer.Finish(id)].ToArray();
    }

    /// <summary>An UNSUBSCRIBE message (§6.4.1).</summary>
    /// <param name="subscription">The message id of the SUBSCRIBE request.</param>
    public static byte[] Unsubscribe(ushort subscription)
    {
        Span<byte> buffer = stackalloc byte[DnsHeader.Size + DsoMessageView.TlvHeaderSize + sizeof(ushort)];
        var writer = new DsoMessageWriter(buffer);
        writer.TryBegin(DsoType.Unsubscribe);
        writer.Data.TryWriteUInt16(subscription);
        writer.End();
        return buffer[..writer.Finish(id: 0)].ToArray();
    }

    /// <summary>A RECONFIRM message (§6.5.1).</summary>
    /// <param name="record">The doubted record; its TTL is not sent.</param>
    public static byte[] Reconfirm(DnsRecord record)
    {
        byte[] buffer = new byte[DnsMessage.MaxSize];
        var writer = new DsoMessageWriter(buffer);
        bool fits = writer.TryBegin(DsoType.Reconfirm)
            && writer.Data.TryWriteQuestion(record.Name.Wire, record.Type, record.Class)
            && record.Data.TryWrite(ref writer.Data);
        if (!fits) throw new ArgumentException("The record is too long for a message.", nameof(record));
        writer.End();
        return buffer[..writer.Finish(id: 0)];
    }

    /// <summary>Reads what a SUBSCRIBE request asks for: exactly a name, a type and a class.</summary>
    /// <param name="message">The message.</param>
    /// <param name="tlv">Its primary TLV.</param>
    /// <param name="question">What to watch.</param>
    public static bool TryReadSubscribe(DsoMessageView message, DsoTlv tlv, [NotNullWhen(true)] out DnsQuestion? question) =>
        TryReadQuestion(message.Message[..tlv.End], tlv.Offset, out question, out int next) && next == tlv.End;

    /// <summary>Reads which subscription an UNSUBSCRIBE message ends.</summary>
    /// <param name="message">The message.</param>
    /// <param name="tlv">Its primary TLV.</param>
    /// <param name="subscription">The message id of the SUBSCRIBE request.</param>
    public static bool TryReadUnsubscribe(DsoMessageView message, DsoTlv tlv, out ushort subscription) =>
        BinaryPrimitives.TryReadUInt16BigEndian(message.DataOf(tlv), out subscription) && tlv.Length == sizeof(ushort);

    /// <summary>Reads the record of a RECONFIRM message; neither type nor class may be ANY.</summary>
    /// <param name="message">The message.</param>
    /// <param name="tlv">Its primary TLV.</param>
    /// <param name="record">The record, with TTL 0.</param>
    public static bool TryReadReconfirm(DsoMessageView message, DsoTlv tlv, [NotNullWhen(true)] out DnsRecord? record)
    {
        record = null;
        ReadOnlySpan<byte> bytes = message.Message[..tlv.End];
        if (!TryReadQuestion(bytes, tlv.Offset, out DnsQuestion? head, out int next)) return false;
        if (head.Type == DnsType.ANY || head.Class == DnsClass.ANY) return false;
        if (!DnsData.TryRead(bytes, head.Type, next, tlv.End - next, out DnsData? data)) return false;
        record = new DnsRecord(head.Name, head.Type, head.Class, 0, data);
        return true;
    }

    private static bool TryReadQuestion(ReadOnlySpan<byte> bytes, int offset, [NotNullWhen(true)] out DnsQuestion? question, out int next)
    {
        question = null;
        if (!DnsName.TryRead(bytes, offset, out DnsName? name, out next)) return false;
        var fields = new WireReader(bytes[next..]);
        if (!fields.TryReadUInt16(out ushort type) || !fields.TryReadUInt16(out ushort @class)) return false;
        question = new DnsQuestion(name, (DnsType)type, (DnsClass)@class);
        next += QuestionTail;
        return true;
    }
}
