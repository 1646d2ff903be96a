using System.Threading.Channels;
using Btmm.Core.Diagnostics;
using Btmm.Core.Peers;
using Btmm.Protocol.Dns;

namespace Btmm.Core.Tests.Node;

/// <summary>A zone service in memory that several nodes share. Thread-safe.</summary>
internal sealed class MemoryZone : IZoneUpdater
{
    private readonly Lock _gate = new();
    private readonly Dictionary<DnsQuestion, List<DnsRecord>> _sets = [];
    private readonly List<Watcher> _watchers = [];
    private bool _isDown;

    internal bool IsDown
    {
        set
        {
            lock (_gate) _isDown = value;
        }
    }

    public Task<TimeSpan> UpdateAsync(IReadOnlyList<DnsRecord> updates, TimeSpan? lease, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_isDown) throw new BtmmException(BtmmErrorReason.Timeout, "The zone is down.", "Wait.");
            var touched = new HashSet<DnsQuestion>();
            foreach (DnsRecord update in updates)
            {
                var key = new DnsQuestion(update.Name, update.Type);
                touched.Add(key);
                if (!_sets.TryGetValue(key, out List<DnsRecord>? set)) _sets[key] = set = [];
                if (update.Class == DnsClass.ANY) set.Clear();
                else set.RemoveAll(record => record.Data.Equals(update.Data));
                if (update.Class == DnsClass.IN) set.Add(update);
            }

            foreach (Watcher watcher in _watchers) watcher.Tell(touched);
            return Task.FromResult(lease ?? TimeSpan.Zero);
        }
    }

    public void NetworkChanged()
    {
    }

    internal IReadOnlyList<DnsRecord> Records(string name, DnsType type)
    {
        lock (_gate) return [.. Set(new DnsQuestion(DnsName.Parse(name), type))];
    }

    internal IRecordWatcher Open()
    {
        lock (_gate)
        {
            var watcher = new Watcher(this);
            _watchers.Add(watcher);
            return watcher;
        }
    }

    private List<DnsRecord> Set(DnsQuestion question) => _sets.GetValueOrDefault(question) ?? [];

    private sealed class Watcher(MemoryZone zone) : IRecordWatcher
    {
        private readonly Channel<RecordSetChange> _changes = Channel.CreateUnbounded<RecordSetChange>();
        private readonly Channel<ZoneServiceState> _states = Channel.CreateUnbounded<ZoneServiceState>();
        private readonly HashSet<DnsQuestion> _watched = [];

        public ChannelReader<RecordSetChange> Changes => _changes.Reader;

        public ChannelReader<ZoneServiceState> States => _states.Reader;

        public void Watch(DnsQuestion question)
        {
            lock (zone._gate)
            {
                _watched.Add(question);
                if (!zone._isDown) Tell([question]);
            }
        }

        public void Unwatch(DnsQuestion question)
        {
            lock (zone._gate) _watched.Remove(question);
        }

        public void NetworkChanged()
        {
        }

        public ValueTask DisposeAsync()
        {
            lock (zone._gate) zone._watchers.Remove(this);
            _changes.Writer.TryComplete();
            _states.Writer.TryComplete();
            return ValueTask.CompletedTask;
        }

        internal void Tell(HashSet<DnsQuestion> touched)
        {
            foreach (DnsQuestion question in _watched.Where(touched.Contains))
                _changes.Writer.TryWrite(new RecordSetChange(question, [.. zone.Set(question)]));
        }
    }
}
