using Btmm.Protocol.Dns;

namespace Btmm.Core.Dns;

/// <summary>A watched record set as it was told last, or is to be told. Used by one loop alone.</summary>
internal sealed class WatchedSet(DnsQuestion question)
{
    private bool _isKnown;

    internal DnsQuestion Question { get; } = question;

    internal IReadOnlyList<DnsRecord> Records { get; private set; } = [];

    /// <summary>Whether the set has to be told.</summary>
    internal bool IsDirty { get; set; }

    /// <summary>Takes over a set; what is the same is no news.</summary>
    internal void Take(IReadOnlyList<DnsRecord> records)
    {
        bool isSame = _isKnown && records.Count == Records.Count && records.All(record => Records.Any(record.IsSameAs));
        _isKnown = true;
        Records = records;
        IsDirty |= !isSame;
    }
}
