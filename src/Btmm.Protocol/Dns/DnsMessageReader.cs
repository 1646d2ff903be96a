using System.Diagnostics.CodeAnalysis;
using Btmm.Protocol.Dns.Data;
using Btmm.Protocol.Wire;

namespace Btmm.Protocol.Dns;

/// <summary>
/// Walks through a message entry by entry without allocating: first <see cref="DnsHeader.QuestionCount"/> questions,
/// then the records of the three other sections. Never throws; the first failure is in <see cref="Error"/>.
/// </summary>
public ref struct DnsMessageReader
{
    private const int MinQuestionSize = 5;
    private const int MinRecordSize = 11;

    private readonly ReadOnlySpan<byte> _message;

    /// <summary>Starts a walk. Check <see cref="Error"/>: the header may be cut or may claim too much.</summary>
    /// <param name="message">The whole message.</param>
    public DnsMessageReader(ReadOnlySpan<byte> message)
    {
        _message = message;
        Position = DnsHeader.Size;
        if (!DnsHeader.TryRead(message, out DnsHeader header))
        {
            Error = DnsParseError.HeaderTooShort;
            return;
        }

        Header = header;
        long records = header.AnswerCount + header.AuthorityCount + header.AdditionalCount;
        if ((header.QuestionCount * (long)MinQuestionSize) + (records * MinRecordSize) > message.Length - DnsHeader.Size)
            Error = DnsParseError.CountTooLarge;
    }

    /// <summary>The header; all zero when the message is too short for one.</summary>
    public DnsHeader Header { get; }

    /// <summary>The offset of the next entry.</summary>
    public int Position { get; private set; }

    /// <summary>What went wrong, if anything did.</summary>
    public DnsParseError Error { get; private set; }

    /// <summary>The whole message.</summary>
    public readonly ReadOnlySpan<byte> Message => _message;

    /// <summary>Reads the place of the next question.</summary>
    /// <param name="question">The question.</param>
    public bool TryReadQuestion(out DnsQuestionView question)
    {
        question = default;
        if (Error != DnsParseError.None) return false;
        if (!DnsNameWire.TrySkip(_message, Position, out int next)) return Fail(DnsParseError.BadName);
        var fields = new WireReader(_message[next..]);
        if (!fields.TryReadUInt16(out ushort type) || !fields.TryReadUInt16(out ushort @class)) return Fail(DnsParseError.Truncated);
        question = new DnsQuestionView(Position, (DnsType)type, (DnsClass)@class, next + fields.Position);
        Position = question.End;
        return true;
    }

    /// <summary>Reads the place of the next record; its data is not looked at.</summary>
    /// <param name="record">The record.</param>
    public bool TryReadRecord(out DnsRecordView record)
    {
        record = default;
        if (Error != DnsParseError.None) return false;
        if (!DnsNameWire.TrySkip(_message, Position, out int next)) return Fail(DnsParseError.BadName);
        var fields = new WireReader(_message[next..]);
        if (!fields.TryReadUInt16(out ushort type) || !fields.TryReadUInt16(out ushort @class) || !fields.TryReadUInt32(out uint ttl)
            || !fields.TryReadUInt16(out ushort length))
        {
            return Fail(DnsParseError.Truncated);
        }

        if (fields.Remaining < length) return Fail(DnsParseError.BadData);
        record = new DnsRecordView(Position, (DnsType)type, (DnsClass)@class, ttl, next + fields.Position, length);
        Position = record.End;
        return true;
    }

    /// <summary>Makes an object of a question.</summary>
    /// <param name="view">Its place.</param>
    /// <param name="question">The question.</param>
    public bool TryMaterialize(DnsQuestionView view, [NotNullWhen(true)] out DnsQuestion? question)
    {
        question = null;
        if (!DnsName.TryRead(_message, view.Offset, out DnsName? name, out _)) return Fail(DnsParseError.BadName);
        question = new DnsQuestion(name, view.Type, view.Class);
        return true;
    }

    /// <summary>Makes an object of a record.</summary>
    /// <param name="view">Its place.</param>
    /// <param name="record">The record.</param>
    public bool TryMaterialize(DnsRecordView view, [NotNullWhen(true)] out DnsRecord? record)
    {
        record = null;
        if (!DnsName.TryRead(_message, view.Offset, out DnsName? name, out _)) return Fail(DnsParseError.BadName);
        DnsData? data = EmptyData.Instance;
        bool isEmpty = view.DataLength == 0 && (view.Class is DnsClass.ANY or DnsClass.NONE) && view.Type != DnsType.OPT;
        if (!isEmpty && !DnsData.TryRead(_message, view.Type, view.DataOffset, view.DataLength, out data)) return Fail(DnsParseError.BadData);
        record = new DnsRecord(name, view.Type, view.Class, view.Ttl, data!);
        return true;
    }

    /// <summary>Compares the name at an offset with an uncompressed one, without allocating.</summary>
    /// <param name="offset">Where the name begins in the message.</param>
    /// <param name="name">The other name in wire form.</param>
    public readonly bool NameEquals(int offset, scoped ReadOnlySpan<byte> name)
    {
        Span<byte> wire = stackalloc byte[DnsNameWire.MaxLength];
        return DnsNameWire.TryExpand(_message, offset, wire, out int written, out _) && DnsNameWire.Equals(wire[..written], name);
    }

    internal bool Fail(DnsParseError error)
    {
        if (Error == DnsParseError.None) Error = error;
        return false;
    }
}
