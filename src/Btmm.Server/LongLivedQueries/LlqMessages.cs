using System.Buffers;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Edns;
using Btmm.Protocol.Dns.Tsig;

namespace Btmm.Server.LongLivedQueries;

/// <summary>Writes the messages that a server sends for long-lived queries (RFC 8764 §5.2, §6). Holds no state.</summary>
internal static class LlqMessages
{
    /// <summary>The TTL that marks a record as gone: -1 (§6.2).</summary>
    internal const uint RemovedTtl = uint.MaxValue;

    private const int OptHeaderSize = 11;
    private const int OptionHeaderSize = 4;

    /// <summary>
    /// Writes a message: all questions, as many answers as fit, the additional records if all answers did, and the OPT record
    /// (§5.2.4). False when not even questions and OPT fit.
    /// </summary>
    internal static bool TryWrite(
        Span<byte> buffer,
        ushort id,
        IReadOnlyList<DnsQuestion> questions,
        IReadOnlyList<DnsRecord> answers,
        IReadOnlyList<DnsRecord> additional,
        IReadOnlyList<EdnsOption> options,
        out int written,
        out int answersWritten)
    {
        written = 0;
        answersWritten = 0;
        int optSize = OptHeaderSize + options.Sum(static option => OptionHeaderSize + option.DataLength);
        if (buffer.Length < DnsHeader.Size + optSize)
            return false;
        var writer = new DnsMessageWriter(buffer, optSize);
        foreach (DnsQuestion question in questions)
        {
            if (!writer.TryWriteQuestion(question))
                return false;
        }

        while (answersWritten < answers.Count && writer.TryWriteRecord(answers[answersWritten]))
            answersWritten++;
        int extra = 0;
        while (answersWritten == answers.Count && extra < additional.Count && writer.TryWriteRecord(additional[extra]))
            extra++;

        writer.ReleaseReserve();
        if (!writer.TryWriteRecord(new EdnsInfo([.. options]).ToRecord()))
            return false;
        ushort bits = DnsHeader.Pack(DnsFlags.Response | DnsFlags.Authoritative, DnsOpcode.Query, DnsRcode.NoError);
        written = writer.Finish(new DnsHeader(id, bits, (ushort)questions.Count, (ushort)answersWritten, 0, (ushort)(extra + 1)));
        return true;
    }

    /// <summary>
    /// Writes and signs an event with as many changes as one packet takes; a single change that is larger than a packet goes
    /// alone.
    /// </summary>
    internal static byte[] Event(LlqSession session, ushort messageId, IReadOnlyList<DnsRecord> changes, DateTimeOffset wall, out int changesWritten)
    {
        LlqOption[] options = [new(LlqOpcode.Event, LlqError.NoError, session.Id, 0)];
        using var signature = new TsigClientTransaction(session.Key);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(DnsMessage.MaxSize);
        try
        {
            Span<byte> packet = buffer.AsSpan(0, EdnsInfo.SafeUdpPayloadSize - signature.SignatureSize);
            TryWrite(packet, messageId, [session.Question], changes, [], options, out int written, out changesWritten);
            if (changesWritten == 0)
                TryWrite(buffer.AsSpan(0, DnsMessage.MaxSize - signature.SignatureSize), messageId, [session.Question], [changes[0]], [], options, out written, out changesWritten);
            return signature.TrySignRequest(buffer, written, wall, out int signed) ? buffer[..signed] : [];
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
