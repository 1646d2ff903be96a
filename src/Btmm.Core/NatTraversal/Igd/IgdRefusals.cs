using System.Net;
using Btmm.Core.Diagnostics;

namespace Btmm.Core.NatTraversal.Igd;

/// <summary>
/// What devices said that was not followed: each different thing once in words, however often it comes, and all of it as a number.
/// Thread-safe.
/// </summary>
/// <param name="log">Told of each kind of it.</param>
internal sealed class IgdRefusals(RefusalLog log)
{
    private const int MaxKept = 8;

    private readonly Lock _gate = new();
    private readonly List<string> _told = [];
    private int _count;
    private string _last = "";

    /// <summary>How often something was refused.</summary>
    internal int Count => Volatile.Read(ref _count);

    /// <summary>Each different refusal in words, the first few of them.</summary>
    internal IReadOnlyList<string> Told
    {
        get
        {
            lock (_gate) return [.. _told];
        }
    }

    /// <summary>The last refusal in words; empty when there was none.</summary>
    internal string Last
    {
        get
        {
            lock (_gate) return _last;
        }
    }

    /// <summary>Notes a refusal.</summary>
    /// <param name="kind">What is wrong.</param>
    /// <param name="what">Who, "it" for the gateway, and what, as a sentence without its end.</param>
    internal void Add(RefusedAnswerKind kind, string what)
    {
        lock (_gate)
        {
            _count++;
            _last = what;
            if (_told.Count < MaxKept && !_told.Contains(what)) _told.Add(what);
        }

        log.Upnp(kind, what);
    }

    /// <summary>Notes that the gateway answered something that cannot be used, and makes the exception that tells it.</summary>
    /// <param name="kind">What is wrong.</param>
    /// <param name="endpoint">Whom was asked.</param>
    /// <param name="what">What it does, as a sentence without its beginning and end.</param>
    internal BtmmException Malformed(RefusedAnswerKind kind, IPEndPoint endpoint, string what)
    {
        Add(kind, $"it {what}");
        return IgdErrors.Malformed(endpoint, what);
    }
}
