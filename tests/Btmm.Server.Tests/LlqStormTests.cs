using System.Net;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Edns;
using Btmm.Protocol.Dns.Tsig;
using Btmm.Server.LongLivedQueries;

namespace Btmm.Server.Tests;

/// <summary>Long-lived queries under attack and in bulk: forged set-ups, acknowledgements and refreshes, storms of events.</summary>
[Collection(AloneCollection.Name)]
public sealed class LlqStormTests : IDisposable
{
    // What the runtime allocates by itself meanwhile.
    private const long Slack = 1 << 20;

    private readonly ServerHarness _server = new(new ZoneServiceLimits { MaxLongLivedQueriesPerClient = 100_000, MaxLongLivedQueriesPerName = 100_000, MaxLongLivedQueriesPerKey = 100_000 });
    private readonly DnsName _studio;

    public LlqStormTests() => _studio = _server.Name("studio");

    public void Dispose() => _server.Dispose();

    [Fact]
    [Trait("rfc", "8764§8.1")]
    public async Task Handshakes_TenThousandHalfDoneFromForgedSources_TakeNoMemoryAndHarmNobody()
    {
        LlqOption established = (await _server.EstablishAsync(_studio, DnsType.A, _server.Key)).Option();
        await ForgeAsync(0, 1000);
        long before = GC.GetTotalMemory(forceFullCollection: true);
        await ForgeAsync(1000, 11_000);
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, Slack);
        Assert.Equal(1, _server.Llq.Count);

        await _server.AddAsync(Records.A(_studio, "192.0.2.1"));
        DnsMessage happened = _server.TakeEvent(out IPEndPoint client);
        Assert.Equal((established.Id, ServerHarness.Client), (happened.Option().Id, client));
        await _server.AcknowledgeAsync(happened, client);
        Assert.Equal(LlqError.NoError, (await _server.AskAsync(LlqRequests.Request(_studio, DnsType.A, LlqRequests.Refresh(established.Id)), _server.Key)).Option().Error);
    }

    [Fact]
    [Trait("rfc", "8764§8.3")]
    public async Task Responses_WithGuessedIds_EstablishNothing()
    {
        var random = new Random(8764);
        for (int i = 0; i < 10_000; i++)
        {
            DnsMessage reply = await _server.AskAsync(LlqRequests.Request(_studio, DnsType.A, LlqRequests.Setup((ulong)random.NextInt64(1, long.MaxValue))), _server.Key);
            Assert.Equal(LlqError.NoSuchLlq, reply.Option().Error);
        }

        Assert.Equal(0, _server.Llq.Count);
    }

    [Fact]
    [Trait("rfc", "8764§6.3")]
    public async Task Acknowledgements_FromWrongAddressesOrWithWrongIds_EndNothing()
    {
        await _server.EstablishAsync(_studio, DnsType.A, _server.Key);
        await _server.AddAsync(Records.A(_studio, "192.0.2.1"));
        DnsMessage happened = _server.TakeEvent(out IPEndPoint client);
        DnsMessage acknowledgement = happened with { Answers = [], Additional = [happened.Edns!.ToRecord()] };
        for (int i = 1; i <= 2000; i++)
        {
            await _server.SendAsync(acknowledgement.ToArray(), new IPEndPoint(new IPAddress([10, 0, (byte)(i >> 8), (byte)i]), client.Port));
            await _server.SendAsync(acknowledgement.ToArray(), new IPEndPoint(client.Address, client.Port + i));
            await _server.SendAsync((acknowledgement with { Id = (ushort)(happened.Id + i) }).ToArray(), client);
            LlqOption option = happened.Option();
            await _server.SendAsync((acknowledgement with { Additional = [new EdnsInfo(option with { Id = option.Id + (ulong)i }).ToRecord()] }).ToArray(), client);
        }

        _server.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(happened.Id, _server.TakeEvent(out _).Id);
        await _server.AcknowledgeAsync(happened, client);
        await _server.AcknowledgeAsync(happened, client);
        _server.Advance(TimeSpan.FromSeconds(60));
        Assert.False(_server.Llq.TryTakeOutput(out _));
        Assert.Equal(1, _server.Llq.Count);
    }

    [Fact]
    public async Task Acknowledgement_MutatedInAnyByte_NeverDoesHarm()
    {
        await _server.EstablishAsync(_studio, DnsType.A, _server.Key);
        await _server.AddAsync(Records.A(_studio, "192.0.2.1"));
        DnsMessage happened = _server.TakeEvent(out IPEndPoint client);
        byte[] good = (happened with { Answers = [], Additional = [happened.Edns!.ToRecord()] }).ToArray();
        for (int i = 0; i < good.Length; i++)
        {
            foreach (byte value in new byte[] { 0, 1, 0x7F, 0x80, 0xC0, 0xFF })
            {
                byte[] bad = [.. good];
                bad[i] = value;
                await _server.SendAsync(bad, client);
            }

            await _server.SendAsync(good[..i], client);
        }

        Assert.Equal(1, _server.Llq.Count);
    }

    [Fact]
    public async Task Refreshes_InAFlood_ChangeTheLeaseAndTakeNoMemory()
    {
        ulong id = (await _server.EstablishAsync(_studio, DnsType.A, _server.Key)).Option().Id;
        await FloodAsync(id, 500);
        long before = GC.GetTotalMemory(forceFullCollection: true);
        await FloodAsync(id, 5000);
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, Slack);
        _server.Advance(TimeSpan.FromSeconds(LlqRequests.Lease - 1));
        Assert.Equal(1, _server.Llq.Count);
        _server.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(0, _server.Llq.Count);
        Assert.Null(_server.Llq.NextTimeout);
    }

    [Fact]
    public async Task Changes_InAFlood_AreOneEventAtATimeForEachSubscriber()
    {
        const int Subscribers = 100;
        for (int i = 0; i < Subscribers; i++)
            await _server.EstablishAsync(_studio, DnsType.TXT, _server.Key, new IPEndPoint(ServerHarness.Client.Address, 1024 + i));
        for (int i = 0; i < 200; i++)
            await _server.AddAsync(Records.DeleteSet(_studio, DnsType.TXT), Records.Txt(_studio, $"{i}"));
        DnsMessage[] first = [.. Enumerable.Range(0, Subscribers).Select(_ => _server.TakeEvent(out IPEndPoint _))];
        Assert.False(_server.Llq.TryTakeOutput(out _));
        Assert.All(first, happened => Assert.Equal(Records.Txt(_studio, "0"), Assert.Single(happened.Answers)));

        // Whoever acknowledges gets the rest, in one event; whoever does not is dropped.
        ulong[] ids = [.. first.Select(happened => happened.Option().Id)];
        await _server.AcknowledgeAsync(first[7], new IPEndPoint(ServerHarness.Client.Address, 1024 + PortOf(7)));
        DnsMessage second = _server.TakeEvent(out IPEndPoint client);
        Assert.Equal(ids[7], second.Option().Id);
        Assert.Equal([uint.MaxValue, 120u], second.Answers.Select(record => record.Ttl));
        await _server.AcknowledgeAsync(second, client);
        _server.Advance(TimeSpan.FromSeconds(2));
        _server.Advance(TimeSpan.FromSeconds(4));
        _server.Advance(TimeSpan.FromSeconds(8));
        Assert.Equal(1, _server.Llq.Count);
    }

    [Fact]
    public async Task Change_WithManySubscribers_IsToldToEachOnceInBytesThatVerify()
    {
        const int Subscribers = 1000;
        for (int i = 0; i < Subscribers; i++)
            await _server.EstablishAsync(_studio, DnsType.A, _server.Key, new IPEndPoint(ServerHarness.Client.Address, 1024 + i));
        await _server.AddAsync(Records.A(_studio, "192.0.2.1"));
        var verifier = new TsigServerTransaction();
        var keys = new TsigKeyRing(_server.Key);
        var ports = new HashSet<int>();
        for (int i = 0; i < Subscribers; i++)
        {
            Assert.Equal(TsigStatus.Valid, verifier.Verify(_server.TakeDatagram(out IPEndPoint client), keys, _server.Time.GetUtcNow()));
            ports.Add(client.Port);
        }

        Assert.Equal(Subscribers, ports.Count);
        Assert.False(_server.Llq.TryTakeOutput(out _));
    }

    [Fact]
    public async Task Queries_SetUpAndLeft_LeaveNothingBehind()
    {
        await CycleAsync(200);
        long before = GC.GetTotalMemory(forceFullCollection: true);
        await CycleAsync(3000);
        Assert.Equal(0, _server.Llq.Count);
        Assert.Null(_server.Llq.NextTimeout);
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, Slack);
    }

    [Fact]
    public async Task Signal_IsGivenForWhatComesSoonerAlone()
    {
        Assert.Null(_server.Llq.NextTimeout);
        await _server.EstablishAsync(_studio, DnsType.A, _server.Key);
        TimeSpan? lease = _server.Llq.NextTimeout;
        Assert.False(_server.Llq.TakeSignal());
        await _server.EstablishAsync(_studio, DnsType.TXT, _server.Key);
        Assert.Equal(lease, _server.Llq.NextTimeout);
        await _server.AddAsync(Records.A(_studio, "192.0.2.1"));
        Assert.True(_server.Llq.TakeSignal());
        Assert.True(_server.Llq.TryTakeOutput(out LlqOutput _));
        Assert.False(_server.Llq.TakeSignal());
    }

    // The order of events is that of the chain of subscribers: the last one first.
    private static int PortOf(int index) => 99 - index;

    private async Task ForgeAsync(int from, int to)
    {
        for (int i = from; i < to; i++)
        {
            var client = new IPEndPoint(new IPAddress([10, (byte)(i >> 16), (byte)(i >> 8), (byte)i]), 1024 + (i % 60_000));
            DnsMessage challenge = await _server.AskAsync(LlqRequests.Request(_studio, DnsType.A, LlqRequests.Setup()), _server.Key, client);
            Assert.Equal(LlqError.NoError, challenge.Option().Error);
        }
    }

    private async Task FloodAsync(ulong id, int count)
    {
        for (int i = 0; i < count; i++)
            await _server.AskAsync(LlqRequests.Request(_studio, DnsType.A, LlqRequests.Refresh(id)), _server.Key);
    }

    private async Task CycleAsync(int count)
    {
        for (int i = 0; i < count; i++)
        {
            ulong id = (await _server.EstablishAsync(_server.Name($"h{i}"), DnsType.A, _server.Key)).Option().Id;
            await _server.AskAsync(LlqRequests.Request(_server.Name($"h{i}"), DnsType.A, LlqRequests.Refresh(id, lease: 0)), _server.Key);
        }
    }
}
