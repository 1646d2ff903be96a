using System.Net;
using System.Threading.Channels;
using Btmm.Core.Contracts;
using Btmm.Core.Dns;
using Btmm.Core.Peers;
using Btmm.Core.SignOn;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Protocol.Dns.Edns;
using Btmm.Protocol.Tests.Dns;

namespace Btmm.Core.Tests.Dns;

/// <summary>A zone with one record set and one long-lived query on it, behind a <see cref="FakeNameServer"/>.</summary>
internal sealed class FakeZone : IAsyncDisposable
{
    public static readonly DnsQuestion Question = new(DnsTestNet.Domain.PrependLabels("_autotunnel._udp"), DnsType.PTR);

    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();
    private readonly Task _ticks;
    private IPEndPoint? _client;

    public FakeZone(bool isSigned, uint lease = 7200, bool hasQueries = true)
    {
        Net = new DnsTestNet(isSigned: isSigned);
        Model = new LlqModelServer(Question, lease);
        HasQueries = hasQueries;
        Net.Server.Answer = Answer;
        var account = new ZoneServer(Net.Server.EndPoint.Address.ToString(), Net.Server.EndPoint.Port);
        Locator = new ZoneLocator(DnsTestNet.Domain, [account], Net.UsedKey, new ZoneServerFinder(Net.Client, new FixedNameServers()));
        _ticks = Task.Run(TickAsync);
    }

    public DnsTestNet Net { get; }

    public LlqModelServer Model { get; }

    public ZoneLocator Locator { get; }

    public uint Serial { get; set; } = 1;

    public uint Ttl { get; set; } = 1;

    public bool HasQueries { get; set; }

    public bool SendsEvents { get; set; } = true;

    public LlqError SetupError { get; set; }

    /// <summary>What ordinary queries find; null for what is in the zone.</summary>
    public DnsRecord[]? Truth { get; set; }

    public int Queries { get; private set; }

    public LlqClient NewClient(LlqClientOptions? options = null)
        => new(Locator, Net.Client, Net.Host, SystemRandomSource.Instance, Net.Clock, options);

    public void Change(Action<HashSet<DnsRecord>> change, bool withEvent = true)
    {
        lock (_gate)
        {
            change(Model.Zone);
            Serial++;
            if (!withEvent) Model.Forget();
        }

        _wake.Writer.TryWrite(true);
    }

    /// <summary>Runs virtual time until the client tells a set.</summary>
    public async Task<IReadOnlyList<DnsRecord>> NextAsync(LlqClient client)
    {
        RecordSetChange? change = null;
        await Net.Clock.RunUntilAsync(() => change is not null || client.Changes.TryRead(out change), TimeSpan.FromHours(3));
        Assert.Equal(Question, change!.Question);
        return change.Records;
    }

    /// <summary>Ends a client, on virtual time.</summary>
    public async Task EndAsync(LlqClient client)
    {
        Task ending = client.DisposeAsync().AsTask();
        await Net.RunAsync(ending);
        await ending;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _ticks.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Net.DisposeAsync();
        Locator.Dispose();
        _stop.Dispose();
    }

    private IEnumerable<DnsMessage> Answer(DnsMessage request)
    {
        lock (_gate)
        {
            if (request.Edns?.Find<LlqOption>() is { } option && HasQueries) return AnswerLlq(request, option);
            DnsQuestion asked = request.Questions[0];
            if (asked.Type == DnsType.SOA) return [Soa(request)];
            if (request.Edns?.Find<LlqOption>() is null) Queries++;
            DnsRecord[] records = Truth ?? [.. Model.Zone.Select(record => record with { Ttl = Ttl })];
            return [FakeNameServer.Reply(request, answers: records)];
        }
    }

    private IEnumerable<DnsMessage> AnswerLlq(DnsMessage request, LlqOption option)
    {
        if (SetupError != LlqError.NoError && option.Opcode == LlqOpcode.Setup)
        {
            var refusal = new EdnsInfo(option with { Error = SetupError, Lease = 600 });
            return [FakeNameServer.Reply(request) with { Additional = [refusal.ToRecord()] }];
        }

        _client = Net.Server.Requests[^1].From;
        Model.Handle(Net.Clock.Elapsed, request);
        List<DnsMessage> answers = [];
        while (Model.Outputs.TryDequeue(out DnsMessage? answer)) answers.Add(answer);
        _wake.Writer.TryWrite(true);
        return answers;
    }

    private DnsMessage Soa(DnsMessage request)
    {
        var soa = new SoaData(DnsTestNet.Domain, DnsTestNet.Domain, Serial, 1, 1, 1, 1);
        return FakeNameServer.Reply(request, answers: new DnsRecord(DnsTestNet.Domain, 1, soa));
    }

    private async Task TickAsync()
    {
        while (true)
        {
            List<DnsMessage> events = [];
            IPEndPoint? client;
            TimeSpan? next;
            lock (_gate)
            {
                Model.Tick(Net.Clock.Elapsed);
                client = _client;
                while (Model.Outputs.TryDequeue(out DnsMessage? message)) events.Add(message);
                next = Model.NextTick - Net.Clock.Elapsed;
            }

            if (client is not null && SendsEvents && !Net.Server.IsDown)
            {
                foreach (DnsMessage message in events) await Net.Server.SendAsync(message, client);
            }

            using var timer = next is { } wait ? new CancellationTokenSource(wait > TimeSpan.Zero ? wait : TimeSpan.FromMilliseconds(1), Net.Clock) : new CancellationTokenSource();
            using var either = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, _stop.Token);
            Task woken = _wake.Reader.ReadAsync(either.Token).AsTask();
            await woken.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _stop.Token.ThrowIfCancellationRequested();
        }
    }
}
