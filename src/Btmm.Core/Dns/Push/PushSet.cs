using Btmm.Protocol.Dns;

namespace Btmm.Core.Dns.Push;

/// <summary>
/// A watched record set and what was told of it. Between connections it stays as it was, so that a new one tells differences only.
/// Used by its client's loop alone.
/// </summary>
internal sealed class PushSet(DnsQuestion question)
{
    private bool _isKnown;
    private bool _isOld;
    private bool _isComplete;

    internal DnsQuestion Question { get; } = question;

    internal IReadOnlyList<DnsRecord> Records { get; private set; } = [];

    /// <summary>Whether the set has to be told.</summary>
    internal bool IsDirty { get; set; }

    /// <summary>A new connection begins. What is known from an earlier one holds until this one has told all that there is.</summary>
    internal void BeginConnection()
    {
        _isOld = _isKnown;
        _isComplete = false;
    }

    /// <summary>The connection has told all that there is; further changes count as they come.</summary>
    internal void Complete()
    {
        _isComplete = true;
        _isOld = false;
    }

    /// <summary>Takes what the connection has told so far.</summary>
    internal void Take(IEnumerable<DnsRecord> told)
    {
        if (_isOld) return;
        DnsRecord[] now = [.. told.Where(record => record.Type == Question.Type || Question.Type == DnsType.ANY)];
        bool isSame = now.Length == Records.Count && now.All(record => Records.Any(record.IsSameAs));
        bool isFirst = !_isKnown && (_isComplete || now.Length > 0);
        Records = now;
        _isKnown |= isFirst;
        IsDirty |= isFirst || !isSame;
    }
}
