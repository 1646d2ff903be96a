using System.Collections.Concurrent;
using System.Threading.Channels;
using Btmm.Core.Peers;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;

namespace Btmm.Core.Tests.Peers;

/// <summary>A zone that answers what is watched, at once.</summary>
internal sealed class FakeRecordWatcher : IRecordWatcher
{
    private readonly Channel<RecordSetChange> _changes = Channel.CreateUnbounded<RecordSetChange>();
    private readonly Channel<ZoneServiceState> _states = Channel.CreateUnbounded<ZoneServiceState>();
    private readonly Dictionary<DnsQuestion, IReadOnlyList<DnsRecord>> _zone = [];

    private readonly Dictionary<DnsQuestion, TaskCompletionSource<bool>> _withheld = [];

    internal ConcurrentDictionary<DnsQuestion, bool> Watched { get; } = new();

    public ChannelReader<RecordSetChange> Changes => _changes.Reader;

    public ChannelReader<ZoneServiceState> States => _states.Reader;

    public void Watch(DnsQuestion question)
    {
        lock (_zone)
        {
            Watched[question] = true;
            Tell(question);
        }
    }

    public void Unwatch(DnsQuestion question) => Watched.TryRemove(question, out _);

    public void NetworkChanged()
    {
    }

    public ValueTask DisposeAsync()
    {
        _changes.Writer.TryComplete();
        _states.Writer.TryComplete();
        return ValueTask.CompletedTask;
    }

    /// <summary>Does not answer a question until it is set; ends when it is asked.</summary>
    internal Task<bool> Withhold(string name, DnsType type)
    {
        var asked = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_zone) _withheld[new DnsQuestion(DnsName.Parse(name), type)] = asked;
        return asked.Task;
    }

    internal void Set(string name, DnsType type, params DnsData[] data)
    {
        lock (_zone)
        {
            var question = new DnsQuestion(DnsName.Parse(name), type);
            _withheld.Remove(question);
            _zone[question] = [.. data.Select(item => new DnsRecord(question.Name, 120, item))];
            if (Watched.ContainsKey(question)) Tell(question);
        }
    }

    private void Tell(DnsQuestion question)
    {
        if (_withheld.TryGetValue(question, out TaskCompletionSource<bool>? asked)) asked.TrySetResult(true);
        else _changes.Writer.TryWrite(new RecordSetChange(question, _zone.GetValueOrDefault(question) ?? []));
    }
}
