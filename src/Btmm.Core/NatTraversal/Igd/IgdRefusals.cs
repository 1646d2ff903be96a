using System.Net;

namespace Btmm.Core.NatTraversal.Igd;

/// <summary>
/// What devices said that was not followed: each kind of it once in words, however often it comes, and all of it as a number.
/// Thread-safe.
/// </summary>
/// <param name="gateway">The gateway concerned.</param>
internal sealed class IgdRefusals(IPAddress gateway)
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
    internal void Add(string what)
    {
        lock (_gate)
        {
            _count++;
            _last = what;
            if (_told.Count >= MaxKept || _told.Contains(what)) return;
            _told.Add(what);
        }

        PortMappingLog.Instance.UpnpRefused(gateway.ToString(), what);
    }
}
