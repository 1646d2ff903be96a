using Btmm.Protocol.Wire;

namespace Btmm.Protocol.Dns.Tsig;

/// <summary>The TSIG record of a message, as slices of it. Nothing in it is verified.</summary>
internal ref struct TsigView
{
    /// <summary>Where the record begins, which is where the message that was signed ends.</summary>
    public int RecordOffset;

    /// <summary>The offset of the key's name, possibly compressed.</summary>
    public int NameOffset;

    public ReadOnlySpan<byte> Algorithm;
    public ulong TimeSigned;
    public ushort Fudge;
    public ReadOnlySpan<byte> Mac;
    public ushort OriginalId;
    public TsigError Error;
    public ReadOnlySpan<byte> Other;

    /// <summary>Looks for the TSIG record.</summary>
    /// <param name="message">The whole message.</param>
    /// <param name="view">The record.</param>
    /// <returns><see cref="TsigStatus.Valid"/> when there is one, NotSigned, or Malformed.</returns>
    public static TsigStatus Find(ReadOnlySpan<byte> message, out TsigView view)
    {
        view = default;
        var reader = new DnsMessageReader(message);
        for (int i = 0; i < reader.Header.QuestionCount; i++)
        {
            if (!reader.TryReadQuestion(out _)) return TsigStatus.Malformed;
        }

        int records = reader.Header.AnswerCount + reader.Header.AuthorityCount + reader.Header.AdditionalCount;
        bool mayHold = reader.Header.AdditionalCount > 0;
        TsigStatus status = TsigStatus.NotSigned;
        for (int i = 0; i < records; i++)
        {
            if (!reader.TryReadRecord(out DnsRecordView record)) return TsigStatus.Malformed;
            if (record.Type != DnsType.TSIG) continue;
            if (!mayHold || i != records - 1 || !TryRead(message, record, out view)) return TsigStatus.Malformed;
            status = TsigStatus.Valid;
        }

        return reader.Error == DnsParseError.None && reader.Position == message.Length ? status : TsigStatus.Malformed;
    }

    private static bool TryRead(ReadOnlySpan<byte> message, DnsRecordView record, out TsigView view)
    {
        view = new TsigView { RecordOffset = record.Offset, NameOffset = record.Offset };
        if (record.Class != DnsClass.ANY || record.Ttl != 0) return false;
        ReadOnlySpan<byte> data = message.Slice(record.DataOffset, record.DataLength);
        if (!DnsNameWire.TrySkip(data, 0, out int next)) return false; // alone, hence uncompressed
        view.Algorithm = data[..next];
        var fields = new WireReader(data[next..]);
        if (!fields.TryReadUInt48(out view.TimeSigned) || !fields.TryReadUInt16(out view.Fudge)) return false;
        if (!fields.TryReadUInt16(out ushort macSize) || !fields.TryReadBytes(macSize, out view.Mac)) return false;
        if (!fields.TryReadUInt16(out view.OriginalId) || !fields.TryReadUInt16(out ushort error)) return false;
        view.Error = (TsigError)error;
        if (!fields.TryReadUInt16(out ushort otherSize) || !fields.TryReadBytes(otherSize, out view.Other)) return false;
        return fields.Remaining == 0;
    }
}
