using System.Net;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.LongLivedQuery;
using ServerOutput = Btmm.Server.LongLivedQueries.LlqOutput;

namespace Btmm.Server.Tests;

/// <summary>
/// Our client's sessions against our server over a network that loses, doubles and delays datagrams in both directions, on a
/// virtual clock: in the end every client knows what the zone has.
/// </summary>
public sealed class LlqLossTests : IDisposable
{
    private const int Clients = 12;
    private static readonly TimeSpan s_longestDelay = TimeSpan.FromSeconds(1.5);
    private static readonly TimeSpan s_badTime = TimeSpan.FromMinutes(4);
    private static readonly TimeSpan s_goodTime = TimeSpan.FromHours(3);

    private readonly ServerHarness _server = new(isPublic: true);
    private readonly PriorityQueue<(IPEndPoint Client, byte[] Bytes, bool ToServer), TimeSpan> _wire = new();
    private readonly Dictionary<IPEndPoint, LlqClientSession> _sessions = [];
    private Random _random = new(0);
    private bool _isBad = true;
    private ushort _nextId;

    public void Dispose() => _server.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public async Task Clients_OverABadNetwork_KnowTheZoneInTheEnd(int seed)
    {
        _random = new Random(seed);
        for (int i = 0; i < Clients; i++)
        {
            var session = new LlqClientSession(new DnsQuestion(Name(i % 4), DnsType.TXT), TimeSpan.FromHours(1), () => ++_nextId);
            _sessions.Add(new IPEndPoint(IPAddress.Parse("198.51.100.7"), 40_000 + i), session);
            session.Start(_server.Clock.Now);
        }

        TimeSpan change = TimeSpan.Zero;
        while (_server.Clock.Now < s_badTime)
        {
            if (_server.Clock.Now >= change)
            {
                await ChangeAsync();
                change = _server.Clock.Now + TimeSpan.FromSeconds(_random.NextDouble() * 4);
            }

            await StepAsync(change);
        }

        _isBad = false;
        while (_server.Clock.Now < s_badTime + s_goodTime)
            await StepAsync(s_badTime + s_goodTime);

        foreach (LlqClientSession session in _sessions.Values)
        {
            Assert.True(session.State is LlqSessionState.Established or LlqSessionState.Refreshing, $"seed {seed}: {session.State}");
            Assert.Equal(Texts(_server.Zone.Current.FindSet(session.Question.Name, DnsType.TXT)), Texts(session.Records));
        }

        // Nobody is left at the server whom no client knows.
        Assert.Equal(Clients, _server.Llq.Count);
    }

    private static string[] Texts(IEnumerable<DnsRecord> records) => [.. records.Select(static record => $"{record.Data}").Order(StringComparer.Ordinal)];

    private DnsName Name(int number) => _server.Name($"h{number}");

    private Task ChangeAsync()
    {
        DnsName name = Name(_random.Next(4));
        DnsRecord record = Records.Txt(name, $"{_random.Next(6)}");
        return _server.AddAsync(_random.Next(5) switch
        {
            0 => [Records.DeleteSet(name, DnsType.TXT)],
            1 => [Records.Delete(record)],
            2 => [Records.DeleteSet(name, DnsType.TXT), record],
            _ => [record],
        });
    }

    // Goes to the next moment at which anything happens, and does it.
    private async Task StepAsync(TimeSpan latest)
    {
        await SendAsync();
        TimeSpan next = _sessions.Values.Select(static session => session.NextTimeout).Append(_server.Llq.NextTimeout).OfType<TimeSpan>().Append(latest).Min();
        if (_wire.TryPeek(out _, out TimeSpan arrival) && arrival < next)
            next = arrival;
        if (next > _server.Clock.Now)
            _server.Advance(next - _server.Clock.Now);
        TimeSpan now = _server.Clock.Now;
        _server.Llq.HandleTimeout(now);
        foreach (LlqClientSession session in _sessions.Values)
        {
            session.HandleTimeout(now);
            while (session.TryTakeEvent(out _))
            {
            }

            if (session.State is LlqSessionState.NoAnswer or LlqSessionState.Unsupported or LlqSessionState.Idle)
                session.Start(now); // its driver tries again
        }

        while (_wire.TryPeek(out (IPEndPoint Client, byte[] Bytes, bool ToServer) datagram, out TimeSpan due) && due <= now)
        {
            _wire.Dequeue();
            await DeliverAsync(now, datagram.Client, datagram.Bytes, datagram.ToServer);
        }
    }

    private async Task DeliverAsync(TimeSpan now, IPEndPoint client, byte[] bytes, bool toServer)
    {
        if (toServer)
        {
            if (await _server.SendAsync(bytes, client) is { } answer)
                Post(client, answer, toServer: false);
            return;
        }

        Assert.True(DnsMessage.TryParse(bytes, out DnsMessage? message));
        _sessions[client].HandleMessage(now, message);
    }

    private Task SendAsync()
    {
        byte[] buffer = new byte[DnsMessage.MaxSize];
        while (_server.Llq.TryTakeOutput(out ServerOutput output))
            Post(output.Client.EndPoint, buffer[..output.Write(buffer)], toServer: false);
        foreach ((IPEndPoint client, LlqClientSession session) in _sessions)
        {
            while (session.TryTakeOutput(out LlqOutput output))
                Post(client, output.Message.ToArray(), toServer: true);
        }

        return Task.CompletedTask;
    }

    private void Post(IPEndPoint client, byte[] bytes, bool toServer)
    {
        if (_isBad && _random.Next(100) < 25)
            return;
        for (int copies = _isBad && _random.Next(100) < 15 ? 2 : 1; copies > 0; copies--)
            _wire.Enqueue((client, bytes, toServer), _server.Clock.Now + (_isBad ? s_longestDelay * _random.NextDouble() : TimeSpan.FromMilliseconds(20)));
    }
}
