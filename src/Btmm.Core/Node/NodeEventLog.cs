using System.Threading.Channels;
using Btmm.Core.Diagnostics;

namespace Btmm.Core.Node;

/// <summary>The bounded stream of a node's events. Thread-safe; one reader.</summary>
internal sealed class NodeEventLog
{
    private const int QueueLength = 1000;
    private const int MaxRemembered = 64;
    private static readonly TimeSpan s_repeatAfter = TimeSpan.FromSeconds(30);

    private readonly Lock _gate = new();
    private readonly Dictionary<(NodeEventKind Kind, string Message), long> _problems = [];
    private readonly TimeProvider _time;
    private readonly long _start;
    private readonly Channel<NodeEvent> _events = Channel.CreateBounded<NodeEvent>(
        new BoundedChannelOptions(QueueLength) { FullMode = BoundedChannelFullMode.DropOldest });

    internal NodeEventLog(TimeProvider time)
    {
        _time = time;
        _start = time.GetTimestamp();
    }

    internal ChannelReader<NodeEvent> Reader => _events.Reader;

    internal void Add(NodeEventKind kind, string message, Func<NodeEvent, NodeEvent>? with = null)
    {
        var happened = new NodeEvent
        {
            At = _time.GetUtcNow(),
            Elapsed = _time.GetElapsedTime(_start),
            Kind = kind,
            Message = message,
        };
        _events.Writer.TryWrite(with is null ? happened : with(happened));
    }

    /// <summary>Tells a problem, unless the same was told a moment ago.</summary>
    internal void AddProblem(BtmmException problem, NodeEventKind kind = NodeEventKind.Problem)
    {
        if (IsRepetition(kind, problem.Message)) return;
        Add(kind, problem.Message, e => e with { Reason = problem.Reason, Remedy = problem.Remedy });
    }

    internal void Complete() => _events.Writer.TryComplete();

    private bool IsRepetition(NodeEventKind kind, string message)
    {
        lock (_gate)
        {
            bool isKnown = _problems.TryGetValue((kind, message), out long last);
            if (isKnown && _time.GetElapsedTime(last) < s_repeatAfter) return true;
            if (_problems.Count >= MaxRemembered) _problems.Clear();
            _problems[(kind, message)] = _time.GetTimestamp();
            return false;
        }
    }
}
