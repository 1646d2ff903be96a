using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Edns;
using Btmm.Server.Hosting;
using Btmm.Server.Storage;
using Btmm.Server.Updates;
using Btmm.Server.Zones;

namespace Btmm.Server.Tests;

/// <summary>Updates that come together share a commit, in order, and nothing is seen or answered before it.</summary>
public sealed class GroupCommitTests : IDisposable
{
    private readonly GatedStore _store = new();
    private readonly ServerHarness _server;

    public GroupCommitTests() => _server = new ServerHarness(store: _store);

    public void Dispose()
    {
        _server.Dispose();
        _store.Dispose();
    }

    [Fact]
    [Trait("rfc", "2136§3.5")]
    public async Task Update_BeforeItsCommit_IsNeitherAnsweredNorSeen()
    {
        _store.IsClosed = true;
        Task<DnsMessage> update = Add(0);
        await _store.ArrivalAsync();
        Assert.False(update.IsCompleted);
        Assert.Equal(DnsRcode.NXDomain, (await _server.QueryAsync(Host(0), DnsType.A)).Rcode);
        _store.Release();
        Assert.Equal(DnsRcode.NoError, (await update).Rcode);
        Assert.Single((await _server.QueryAsync(Host(0), DnsType.A)).Answers);
    }

    [Fact]
    [Trait("rfc", "8764§6")]
    public async Task Subscribers_AreToldAfterTheCommitOnly()
    {
        var told = new List<ZoneChange>();
        var zone = new Zone(_server.Zone.Options, new ZoneImage([]), _server.Writer, _server.Clock, (_, change) => told.Add(change));
        (_store.IsClosed, _store.Fails) = (true, true);
        Task failed = AddToAsync(zone);
        await _store.ArrivalAsync();
        _store.Release();
        await Assert.ThrowsAsync<IOException>(() => failed);
        Assert.Empty(told);

        _store.Fails = false;
        Task stored = AddToAsync(zone);
        await _store.ArrivalAsync();
        Assert.Empty(told);
        _store.Release();
        await stored;
        Assert.Single(told);
    }

    [Fact]
    public async Task Updates_DuringACommit_ShareTheNextInTheirOrder()
    {
        uint before = _server.Serial;
        Task<DnsMessage>[] updates = await AddBehindAsync(20);
        _store.Release();
        await _store.ArrivalAsync();
        _store.Release();
        DnsMessage[] replies = await Task.WhenAll(updates);

        Assert.All(replies, reply => Assert.Equal(DnsRcode.NoError, reply.Rcode));
        Assert.Equal(2, _store.Batches.Count);
        ZoneTransaction[] steps = [.. _store.Batches.SelectMany(static batch => batch)];
        Assert.Equal(Enumerable.Range(0, 20).Select(Host), steps.Select(step => step.Added.Single(item => item.Record.Type == DnsType.A).Record.Name));
        Assert.Equal(Enumerable.Range(0, 20).Select(i => (before + (uint)i, before + (uint)i + 1)), steps.Select(step => (step.SerialBefore, step.SerialAfter)));
        Assert.Equal(before + 20, _server.Serial);
    }

    [Fact]
    public async Task Commit_ThatFails_IsServFailToAllOfThemAndNothingIsSeen()
    {
        ZoneSnapshotFacts before = Facts();
        Task<DnsMessage>[] updates = await AddBehindAsync(5);
        _store.Fails = true;
        _store.Release();
        await _store.ArrivalAsync();
        _store.Release();

        Assert.All(await Task.WhenAll(updates), reply => Assert.Equal(DnsRcode.ServFail, reply.Rcode));
        Assert.Equal(before, Facts());
        Assert.True(_server.Writer.Status.IsFailing);
        Assert.Equal("No space left on device.", _server.Writer.Status.Failure);
        Assert.Equal(2, _server.Metrics.Read(ServerCount.StoreFailures));
    }

    [Fact]
    public async Task Commit_AfterAFailure_TakesTheSameUpdatesAndClearsTheStatus()
    {
        Task<DnsMessage>[] updates = await AddBehindAsync(1);
        _store.Fails = true;
        _store.Release();
        await Task.WhenAll(updates);
        (_store.IsClosed, _store.Fails) = (false, false);
        Assert.Equal(DnsRcode.NoError, (await Add(0)).Rcode);
        Assert.False(_server.Writer.Status.IsFailing);
        Assert.Null(_server.Writer.Status.FailingSince);
    }

    [Fact]
    public async Task Prerequisite_OnAnEarlierUpdateOfTheSameBatch_Holds()
    {
        Task<DnsMessage>[] first = await AddBehindAsync(1);
        Task<DnsMessage> second = _server.UpdateAsync([Records.A(Host(1), "192.0.2.2")], [Records.NameInUse(Host(2))]);
        Task<DnsMessage> third = _server.UpdateAsync([Records.A(Host(2), "192.0.2.2")], [Records.NameNotInUse(Host(2))]);
        Task<DnsMessage> fourth = _server.UpdateAsync([Records.A(Host(3), "192.0.2.2")], [Records.NameInUse(Host(2))]);
        _store.IsClosed = false;
        _store.Release();
        Assert.Equal([DnsRcode.NoError, DnsRcode.NXDomain, DnsRcode.NoError, DnsRcode.NoError],
            (await Task.WhenAll([.. first, second, third, fourth])).Select(reply => reply.Rcode));
    }

    [Fact]
    [Trait("rfc", "2136§5.1")]
    public async Task Repetition_WhileTheFirstIsUnderWay_GetsItsAnswerAndIsNotAppliedAgain()
    {
        _store.IsClosed = true;
        byte[] bytes = _server.Sign(ServerHarness.Update(_server.Apex, [Records.A(Host(0), "192.0.2.1")]));
        Task<byte[]?> first = _server.SendAsync(bytes);
        await _store.ArrivalAsync();
        Task<byte[]?> second = _server.SendAsync(bytes);
        Assert.False(second.IsCompleted);
        _store.Release();
        Assert.NotNull(await first);
        Assert.NotNull(await second);
        Assert.Single(_store.Batches);
        Assert.Equal(1, _server.Metrics.Read(ServerCount.UpdatesApplied));
    }

    [Fact]
    [Trait("rfc", "9664§7")]
    public async Task Lease_ThatEndsWhileTheStoreFails_IsNotAnswered()
    {
        await _server.UpdateAsync([Records.A(Host(0), "192.0.2.1")], lease: new UpdateLeaseOption(1800));
        await _server.UpdateAsync([Records.A(Host(1), "192.0.2.1")], lease: new UpdateLeaseOption(3600));
        uint serial = _server.Serial;
        (_store.IsClosed, _store.Fails) = (true, true);
        _server.Time.Advance(TimeSpan.FromSeconds(1800));
        Task expiry = _server.Zone.ExpireAsync(CancellationToken.None).AsTask();
        _store.Release();
        await Assert.ThrowsAsync<IOException>(() => expiry);

        Assert.Equal(DnsRcode.NXDomain, (await _server.QueryAsync(Host(0), DnsType.A)).Rcode);
        Assert.Single((await _server.QueryAsync(Host(1), DnsType.A)).Answers);
        _server.Time.Advance(TimeSpan.FromSeconds(1800));
        Assert.Equal(DnsRcode.NXDomain, (await _server.QueryAsync(Host(1), DnsType.A)).Rcode);
        Assert.Equal(serial, _server.Serial);

        (_store.IsClosed, _store.Fails) = (false, false);
        await _server.Zone.ExpireAsync(CancellationToken.None);
        Assert.Equal(serial + 1, _server.Serial);
        Assert.Equal(2, _server.Metrics.Read(ServerCount.LeasesExpired));
    }

    private DnsName Host(int i) => _server.Name($"h{i}");

    private Task<DnsMessage> Add(int i) => _server.UpdateAsync([Records.A(Host(i), "192.0.2.1")]);

    private Task AddToAsync(Zone zone) => zone.ApplyAsync(
        (snapshot, _) =>
        {
            var editor = new ZoneEditor(snapshot);
            editor.Add(Records.A(Host(0), "192.0.2.1"), null);
            return new UpdateResult(DnsRcode.NoError, editor.Finish(out ZoneChange change), change);
        },
        CancellationToken.None).AsTask();

    // The first waits at the gate, the others behind it.
    private async Task<Task<DnsMessage>[]> AddBehindAsync(int count)
    {
        _store.IsClosed = true;
        Task<DnsMessage> first = Add(0);
        await _store.ArrivalAsync();
        return [first, .. Enumerable.Range(1, count - 1).Select(Add)];
    }

    private ZoneSnapshotFacts Facts() => new(_server.Serial, _server.Zone.Current.RecordCount);

    private sealed record ZoneSnapshotFacts(uint Serial, int Records);
}
