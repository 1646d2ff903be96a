using Btmm.Protocol.Dns;
using Btmm.Server.Queries;

namespace Btmm.Server.Requests;

/// <summary>Writes the answer to a query. Holds no state; allocates nothing.</summary>
internal static class AnswerWriter
{
    /// <summary>
    /// Writes what fits. Additional records that an answer is complete without are left out silently; when others do not fit, whole
    /// record sets are left out from the first that does not, and TC is set (RFC 2181 §9, RFC 9471 §3).
    /// </summary>
    /// <param name="request">The request.</param>
    /// <param name="answer">The answer.</param>
    /// <param name="edns">Its OPT record.</param>
    /// <param name="destination">Where to write; its length is the limit. What a TSIG will need is left out.</param>
    /// <param name="written">Bytes written.</param>
    /// <returns>False when not even header, question and OPT fit.</returns>
    internal static bool TryWrite(in DnsRequestView request, QueryAnswer answer, EdnsReply edns, Span<byte> destination, out int written)
    {
        written = 0;
        var writer = new DnsMessageWriter(destination, edns.Size);
        int questions = request.Header.QuestionCount == 1 ? 1 : 0;
        if (questions == 1 && !writer.TryWriteQuestion(request.Name, request.Type, request.Class))
            return false;
        bool isComplete = TryWriteSets(ref writer, answer.Answers, answer.Answers.Count, out int answers) && !answer.IsTruncated;
        int authority = 0;
        isComplete = isComplete && TryWriteSets(ref writer, answer.Authority, answer.Authority.Count, out authority);
        int additional = 0;
        isComplete = isComplete && TryWriteSets(ref writer, answer.Additional, answer.RequiredAdditional, out additional);
        writer.ReleaseReserve();
        if (!edns.TryWrite(ref writer, answer.Rcode))
            return false;

        DnsHeader header = request.Header;
        DnsFlags flags = DnsFlags.Response | (header.Flags & DnsFlags.RecursionDesired)
            | (answer.IsAuthoritative ? DnsFlags.Authoritative : DnsFlags.None) | (isComplete ? DnsFlags.None : DnsFlags.Truncated);
        if (edns.Size > 0)
            additional++;
        ushort bits = DnsHeader.Pack(flags, header.Opcode, answer.Rcode);
        written = writer.Finish(new DnsHeader(header.Id, bits, (ushort)questions, (ushort)answers, (ushort)authority, (ushort)additional));
        return written > 0;
    }

    // Writes sets until one does not fit. True when the first records, as many as required, are written.
    private static bool TryWriteSets(ref DnsMessageWriter writer, List<DnsRecord> records, int required, out int done)
    {
        done = 0;
        while (done < records.Count)
        {
            int end = done + 1;
            while (end < records.Count && records[end].Type == records[done].Type && records[end].Name == records[done].Name)
                end++;
            DnsMessageWriter.Mark start = writer.Save();
            for (int i = done; i < end; i++)
            {
                if (writer.TryWriteRecord(records[i]))
                    continue;
                writer.Undo(start);
                return done >= required;
            }

            done = end;
        }

        return true;
    }
}
