using System.Collections.Concurrent;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Tsig;
using Btmm.Server.Hosting;

namespace Btmm.Server.Policy;

/// <summary>The keys that a service accepts at this moment, swapped as a whole when one comes or goes. Thread-safe.</summary>
internal sealed class ServiceKeyRing(ServiceClock clock) : ITsigKeyRing
{
    private readonly ConcurrentDictionary<DnsName, UpdateBudget> _budgets = new();
    private volatile TsigKeyRing _current = new([]);

    public TsigKey? Find(ReadOnlySpan<byte> name) => _current.Find(name);

    /// <summary>Sets all keys, with their limits of updates a minute (0 for none).</summary>
    internal void Replace(IReadOnlyCollection<(TsigKey Key, int UpdatesPerMinute)> keys)
    {
        foreach ((TsigKey key, int rate) in keys)
            Budget(key.Name).SetRate(rate);
        foreach (DnsName gone in _budgets.Keys.Except(keys.Select(static item => item.Key.Name)))
            _budgets.TryRemove(gone, out _);
        _current = new TsigKeyRing(keys.Select(static item => item.Key));
    }

    /// <summary>What a key's holder has left.</summary>
    internal UpdateBudget Budget(DnsName key) => _budgets.GetOrAdd(key, static (_, clock) => new UpdateBudget(clock), clock);
}
