using System.Buffers.Binary;
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
    private readonly Dictionary<MacKey, Task<DnsRcode>> _results = [];
    private readonly Queue<(MacKey Mac, TimeSpan Added)> _order = new();

    /// <summary>
    /// The outcome of the update with this MAC: of the one that was done or is under way, or else of running it now. One that
    /// throws is forgotten, so that its repetition is a new attempt.
    /// </summary>
    internal async Task<DnsRcode> GetOrRunAsync(ReadOnlyMemory<byte> mac, Func<Task<DnsRcode>> run)
    {
        MacKey key = MacKey.Of(mac.Span);
        var outcome = new TaskCompletionSource<DnsRcode>(TaskCreationOptions.RunContinuationsAsynchronously);
        if (Add(key, outcome.Task) is { } earlier)
            return await earlier.ConfigureAwait(false);
        try
        {
            DnsRcode rcode = await run().ConfigureAwait(false);
            outcome.SetResult(rcode);
            return rcode;
        }
        catch (Exception error)
        {
            lock (_gate)
                _results.Remove(key);
            outcome.SetException(error);
            _ = outcome.Task.Exception; // usually nobody else waits for it
            throw;
        }
    }

    /// <summary>Remembers an outcome that is known from elsewhere.</summary>
    internal void Learn(ReadOnlyMemory<byte> mac, DnsRcode rcode) => Add(MacKey.Of(mac.Span), Task.FromResult(rcode));

    /// <summary>An outcome that is known; null when there is none.</summary>
    internal DnsRcode? Find(ReadOnlyMemory<byte> mac)
    {
        if (mac.IsEmpty)
            return null;
        lock (_gate)
            return _results.TryGetValue(MacKey.Of(mac.Span), out Task<DnsRcode>? earlier) && earlier.IsCompletedSuccessfully ? earlier.Result : null;
    }

    // Null when it was added, else the one that was there.
    private Task<DnsRcode>? Add(MacKey key, Task<DnsRcode> outcome)
    {
        lock (_gate)
        {
            Trim();
            if (_results.TryGetValue(key, out Task<DnsRcode>? earlier))
                return earlier;
            _results.Add(key, outcome);
            _order.Enqueue((key, clock.Now));
            return null;
        }
    }

    private void Trim()
    {
        TimeSpan now = clock.Now;
        while (_order.TryPeek(out (MacKey Mac, TimeSpan Added) oldest) && (_order.Count > MaxEntries || oldest.Added + s_lifetime < now))
        {
            _order.Dequeue();
            _results.Remove(oldest.Mac);
        }
    }

    // A MAC that has been verified cannot be chosen, so its first 32 bytes tell it from all others.
    private readonly record struct MacKey(UInt128 First, UInt128 Second, int Length)
    {
        internal static MacKey Of(ReadOnlySpan<byte> mac)
        {
            Span<byte> bytes = stackalloc byte[2 * 16];
            bytes.Clear();
            mac[..Math.Min(mac.Length, bytes.Length)].CopyTo(bytes);
            return new MacKey(BinaryPrimitives.ReadUInt128BigEndian(bytes), BinaryPrimitives.ReadUInt128BigEndian(bytes[16..]), mac.Length);
        }
    }
}
