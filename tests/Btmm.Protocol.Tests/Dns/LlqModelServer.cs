using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Protocol.Dns.Edns;

namespace Btmm.Protocol.Tests.Dns;

/// <summary>A server of one long-lived query as RFC 8764 describes it: one event at a time, sent three times, then the query is dropped.</summary>
internal sealed class LlqModelServer(DnsQuestion question, uint lease)
{
    private static readonly TimeSpan[] s_waits = [TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(8)];

    private readonly HashSet<DnsRecord> _told = [];
    private ulong _nextId = 0x1000;
    private ushort _nextMessage = 1;
    private ulong _challenged;
    private DnsMessage? _event;
    private int _sent;
    private TimeSpan _eventDue;

    public HashSet<DnsRecord> Zone { get; } = [];

    public ulong Query { get; private set; }

    public TimeSpan Expires { get; private set; }

    public Queue<DnsMessage> Outputs { get; } = new();

    public int Setups { get; private set; }

    public bool SignalsUnknown { get; set; } = true;

    /// <summary>When <see cref="Tick"/> has something to do: at once, later, or (null) after a change.</summary>
    public TimeSpan? NextTick => Query == 0 ? null : _event is not null ? _eventDue : _told.SetEquals(Zone) ? Expires : TimeSpan.Zero;

    public void Forget()
    {
        Query = 0;
        _event = null;
    }

    public DnsRecord MakeRecord(int i) => new(question.Name, 1, new PtrData(question.Name.Prepend($"r{i}")));

    public void Handle(TimeSpan now, DnsMessage message)
    {
        LlqOption option = message.Edns!.Find<LlqOption>()!;
        if (message.IsResponse) Acknowledge(message);
        else if (option.Opcode == LlqOpcode.Refresh) Refresh(now, message, option);
        else if (option.Id == 0) Answer(message, option with { Id = _challenged = _nextId++, Lease = lease }, []);
        else if (option.Id == Query) Answer(message, option, _told); // a copy: the answer was lost
        else if (option.Id == _challenged) Establish(now, message, option);
    }

    public void Tick(TimeSpan now)
    {
        if (Query != 0 && now >= Expires) Forget();
        if (_event is not null && now >= _eventDue)
        {
            if (_sent == s_waits.Length) Forget();
            else Send(now);
        }

        if (Query != 0 && _event is null && !_told.SetEquals(Zone)) MakeEvent(now);
    }

    private void Establish(TimeSpan now, DnsMessage message, LlqOption option)
    {
        Query = option.Id;
        Setups++;
        Expires = now + TimeSpan.FromSeconds(lease);
        _event = null;
        _told.Clear();
        _told.UnionWith(Zone);
        Answer(message, option, _told);
    }

    private void Refresh(TimeSpan now, DnsMessage message, LlqOption option)
    {
        bool isKnown = Query != 0 && option.Id == Query;
        if (isKnown) Expires = now + TimeSpan.FromSeconds(option.Lease);
        if (isKnown && option.Lease == 0) Forget();
        if (isKnown || SignalsUnknown) Answer(message, option with { Error = isKnown ? LlqError.NoError : LlqError.NoSuchLlq }, []);
    }

    private void Acknowledge(DnsMessage message)
    {
        if (message.Id != _event?.Id) return;
        foreach (DnsRecord record in _event.Answers)
        {
            if (record.Ttl == uint.MaxValue) _told.Remove(record with { Ttl = 1 });
            else _told.Add(record);
        }

        _event = null;
    }

    private void MakeEvent(TimeSpan now)
    {
        _event = Make(_nextMessage++, new LlqOption(LlqOpcode.Event, LlqError.NoError, Query, 0),
            [.. Zone.Except(_told), .. _told.Except(Zone).Select(record => record with { Ttl = uint.MaxValue })]);
        _sent = 0;
        Send(now);
    }

    private void Send(TimeSpan now)
    {
        Outputs.Enqueue(_event!);
        _eventDue = now + s_waits[_sent++];
    }

    private void Answer(DnsMessage request, LlqOption option, IEnumerable<DnsRecord> answers) => Outputs.Enqueue(Make(request.Id, option, answers));

    private DnsMessage Make(ushort id, LlqOption option, IEnumerable<DnsRecord> answers) => new()
    {
        Id = id,
        Flags = DnsFlags.Response | DnsFlags.Authoritative,
        Questions = [question],
        Answers = [.. answers],
        Additional = [new EdnsInfo(option).ToRecord()],
    };
}
