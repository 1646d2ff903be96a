namespace Btmm.Core.NatTraversal.Verdicts;

/// <summary>Collects the evidence of one examination, whose steps run side by side. Thread-safe.</summary>
internal sealed class EvidenceLog(TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly List<GatewayEvidence> _entries = [];
    private bool _isClosed;

    internal TimeProvider Time { get; } = time;

    /// <summary>The present, to be given to <see cref="Add"/> as the start of a step.</summary>
    internal long Now => Time.GetTimestamp();

    /// <summary>Notes what a step brought.</summary>
    internal void Add(GatewayStep step, string who, string answer, long startedAt)
    {
        lock (_gate)
        {
            if (!_isClosed) _entries.Add(new GatewayEvidence(step, who, answer, Time.GetElapsedTime(startedAt)));
        }
    }

    /// <summary>Ends the collection; what comes later is dropped.</summary>
    internal IReadOnlyList<GatewayEvidence> Close()
    {
        lock (_gate)
        {
            _isClosed = true;
            return [.. _entries];
        }
    }
}
