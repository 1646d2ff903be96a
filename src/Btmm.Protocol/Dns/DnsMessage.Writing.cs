using System.Buffers;

namespace Btmm.Protocol.Dns;

/// <content>Writing.</content>
public sealed partial record DnsMessage
{
    /// <summary>Writes the whole message.</summary>
    /// <param name="destination">Where to write; its length is the limit.</param>
    /// <param name="written">Bytes written.</param>
    /// <returns>False when it does not fit; the destination's content is then undefined.</returns>
    public bool TryWrite(Span<byte> destination, out int written)
    {
        written = 0;
        var writer = new DnsMessageWriter(destination);
        if (!writer.HasHeader) return false;
        foreach (DnsQuestion question in Questions)
        {
            if (!writer.TryWriteQuestion(question)) return false;
        }

        if (!TryWriteAll(ref writer, Answers) || !TryWriteAll(ref writer, Authority) || !TryWriteAll(ref writer, Additional)) return false;
        written = writer.Finish(MakeHeader(Flags, Questions.Count, Answers.Count, Authority.Count, Additional.Count));
        return written > 0;
    }

    /// <summary>
    /// Writes what fits of a response. Additional records other than OPT go first and silently; when answers or authority
    /// do not fit, whole RRsets are left out from the first that does not, and TC is set (RFC 2181 §9).
    /// </summary>
    /// <param name="destination">Where to write; its length is the limit. Leave out what a TSIG will need.</param>
    /// <param name="written">Bytes written.</param>
    /// <returns>False when not even header, question and OPT fit.</returns>
    public bool TryWriteTruncating(Span<byte> destination, out int written)
    {
        written = 0;
        DnsRecord? opt = Additional.FirstOrDefault(record => record.Type == DnsType.OPT);
        int reserve = opt is null ? 0 : SizeOf(opt);
        if (destination.Length < DnsHeader.Size + reserve) return false;
        // The writer gets the room before the OPT first, then all of it.
        var writer = new DnsMessageWriter(destination, reserve);
        foreach (DnsQuestion question in Questions)
        {
            if (!writer.TryWriteQuestion(question)) return false;
        }

        int answers = WriteRRsets(ref writer, Answers);
        int authority = answers == Answers.Count ? WriteRRsets(ref writer, Authority) : 0;
        bool truncated = answers < Answers.Count || authority < Authority.Count;
        DnsRecord[] extra = truncated ? [] : [.. Additional.Where(record => record.Type is not DnsType.OPT and not DnsType.TSIG)];
        int additional = WriteRRsets(ref writer, extra);
        writer.ReleaseReserve();
        if (opt is not null)
        {
            if (!writer.TryWriteRecord(opt)) return false;
            additional++;
        }

        DnsFlags flags = truncated ? Flags | DnsFlags.Truncated : Flags;
        written = writer.Finish(MakeHeader(flags, Questions.Count, answers, authority, additional));
        return written > 0;
    }

    /// <summary>Writes the message into a new array.</summary>
    /// <exception cref="InvalidOperationException">The message is longer than 65,535 bytes.</exception>
    public byte[] ToArray()
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(MaxSize);
        try
        {
            if (!TryWrite(buffer, out int written)) throw new InvalidOperationException("The message is longer than 65,535 bytes.");
            return buffer[..written];
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>The message in the manner of <c>dig</c>, for logs.</summary>
    public override string ToString()
    {
        IEnumerable<string> lines =
        [
            $"{Opcode} {ExtendedRcode} id {Id} flags {Flags}",
            .. Questions.Select(question => $"? {question}"),
            .. Answers.Select(record => $"= {record}"),
            .. Authority.Select(record => $"@ {record}"),
            .. Additional.Select(record => $"+ {record}"),
        ];
        return string.Join(Environment.NewLine, lines);
    }

    private static bool TryWriteAll(ref DnsMessageWriter writer, IReadOnlyList<DnsRecord> records)
    {
        foreach (DnsRecord record in records)
        {
            if (!writer.TryWriteRecord(record)) return false;
        }

        return true;
    }

    private static int WriteRRsets(ref DnsMessageWriter writer, IReadOnlyList<DnsRecord> records)
    {
        int done = 0;
        while (done < records.Count)
        {
            int end = done + 1;
            while (end < records.Count && records[end].Type == records[done].Type && records[end].Name == records[done].Name) end++;
            DnsMessageWriter.Mark start = writer.Save();
            for (int i = done; i < end; i++)
            {
                if (writer.TryWriteRecord(records[i])) continue;
                writer.Undo(start);
                return done;
            }

            done = end;
        }

        return done;
    }

    private static int SizeOf(DnsRecord opt)
    {
        const int FixedSize = 11;
        return FixedSize + ((Data.OptData)opt.Data).Options.Sum(option => 4 + option.DataLength);
    }

    private DnsHeader MakeHeader(DnsFlags flags, int questions, int answers, int authority, int additional)
        => new(Id, DnsHeader.Pack(flags, Opcode, Rcode), (ushort)questions, (ushort)answers, (ushort)authority, (ushort)additional);
}
