using Btmm.Protocol.Dns;
using Btmm.Server.Requests;

namespace Btmm.Server.Transfers;

/// <summary>Puts the records of a transfer into messages, one after the other. Not thread-safe.</summary>
internal sealed class TransferMessages
{
    // Names are only compressed against what lies in the first 16 KiB of a message; more would only get larger.
    private const int EnoughForOne = 16 * 1024;

    private readonly Request _request;
    private readonly IEnumerator<DnsRecord> _records;
    private bool _hasNext;
    private bool _isFirst = true;

    internal TransferMessages(Request request, IEnumerator<DnsRecord> records)
    {
        _request = request;
        _records = records;
        _hasNext = records.MoveNext();
    }

    /// <summary>Whether every record has been written.</summary>
    internal bool IsComplete => !_hasNext;

    /// <summary>Writes the next message; false at the end, or when a record does not fit into any message.</summary>
    internal bool TryWriteNext(Span<byte> room, out int written)
    {
        written = 0;
        if (!_hasNext)
            return false;
        DnsMessage head = _request.Reply(DnsRcode.NoError);
        var writer = new DnsMessageWriter(room);
        if (!writer.TryWriteQuestion(head.Questions[0]))
            return false;
        IReadOnlyList<DnsRecord> additional = _isFirst ? head.Additional : []; // the OPT record (RFC 5936 §2.2.5)
        ushort answers = 0;
        while (_hasNext && writer.Length < EnoughForOne && answers < ushort.MaxValue && writer.TryWriteRecord(_records.Current))
        {
            answers++;
            _hasNext = _records.MoveNext();
        }

        foreach (DnsRecord record in additional)
        {
            if (!writer.TryWriteRecord(record))
                return false;
        }

        _isFirst = false;
        ushort bits = DnsHeader.Pack(head.Flags | DnsFlags.Authoritative, head.Opcode, head.Rcode);
        written = writer.Finish(new DnsHeader(head.Id, bits, 1, answers, 0, (ushort)additional.Count));
        return answers > 0 && written > 0;
    }
}
