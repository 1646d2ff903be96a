using Btmm.Protocol.Dns;
using Btmm.Server.Hosting;

namespace Btmm.Server.Updates;

/// <summary>
/// Remembers the MACs of updates for as long as their signatures are fresh, so that a repeated datagram (a lost answer, or
/// somebody who recorded it) is answered again but not applied again (RFC 2136 §5.1, RFC 8945 §10). Thread-safe, bounded.
/// </summary>
internal sealed class ReplayCache(ServiceClock clock)
{
    // Twice the recommended fudge of 300 s: a signature may be that far ahead and is good for that long after.
    private static readonly TimeSpan s_lifetime = TimeSpan.FromSeconds(600);

    private const int MaxEntries = 16_384;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, DnsRcode> _results = new(StringComparer.Ordinal);
    private readonly Queue<(string Mac, TimeSpan Added)> _order = new();

    internal bool TryFind(ReadOnlyMemory<byte> mac, out DnsRcode rcode)
    {
        rcode = DnsRcode.NoError;
        if (mac.IsEmpty)
            return false;
        lock (_gate)
        {
            Trim();
            return _results.TryGetValue(Convert.ToBase64String(mac.Span), out rcode);
        }
    }

    internal void Add(ReadOnlyMemory<byte> mac, DnsRcode rcode)
    {
        if (mac.IsEmpty)
            return;
        string key = Convert.ToBase64String(mac.Span);
        lock (_gate)
        {
            if (_results.TryAdd(key, rcode))
                _order.Enqueue((key, clock.Now));
            Trim();
        }
    }

    private void Trim()
    {
        TimeSpan now = clock.Now;
        while (_order.TryPeek(out (string Mac, TimeSpan Added) oldest) && (_order.Count > MaxEntries || oldest.Added + s_lifetime < now))
        {
            _order.Dequeue();
            _results.Remove(oldest.Mac);
        }
    }
}
