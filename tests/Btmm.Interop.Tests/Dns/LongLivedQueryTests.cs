using System.Net;
using Btmm.Core.Contracts;
using Btmm.Core.Dns;
using Btmm.Core.Peers;
using Btmm.Core.SignOn;
using Btmm.Platform.Sockets;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Protocol.Dns.Update;
using Btmm.Server;
using Btmm.TestKit;

namespace Btmm.Interop.Tests.Dns;

/// <summary>Client and zone service on real sockets: long-lived queries through changes, moves and restarts.</summary>
public sealed class LongLivedQueryTests : IAsyncLifetime
{
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(60);

    private readonly BtmmAccount _account = BtmmAccount.Create(DnsName.Parse("alice.members.example.net"), SystemRandomSource.Instance);
    private readonly CancellationTokenSource _timeout = new(s_deadline);
    private ZoneService _service = null!;
    private ZoneLocator _zone = null!;
    private LlqClient _watcher = null!;

    private DnsQuestion List => new(_account.Domain.PrependLabels("_autotunnel._udp"), DnsType.PTR);

    public async ValueTask InitializeAsync()
    {
        _service = await StartServiceAsync(new IPEndPoint(IPAddress.Loopback, 0));
        _zone = new ZoneLocator(
            _account.Domain, [new ZoneServer("127.0.0.1", _service.Endpoints[0].Port)], _account.UpdateKey, new ZoneServerFinder(Client(), new FixedNameServers()));
        _watcher = NewWatcher();
    }

    public async ValueTask DisposeAsync()
    {
        await _watcher.DisposeAsync();
        await _service.DisposeAsync();
        _zone.Dispose();
        _account.Dispose();
        _timeout.Dispose();
    }

    [Fact]
    public async Task Watch_RecordsThatComeAndGo_AreToldByEvents()
    {
        await AddAsync("one");
        _watcher.Watch(List);
        Assert.Equal(["one"], await NextAsync());
        Assert.Equal(WatchMode.LongLivedQueries, _watcher.Mode);
        Assert.Equal(1, _service.GetStatus().LongLivedQueries);
        await AddAsync("two");
        Assert.Equal(["one", "two"], await NextAsync());
        await RemoveAsync("one");
        Assert.Equal(["two"], await NextAsync());
        Assert.True((await _watcher.States.ReadAsync(_timeout.Token)) is { IsReachable: true, IsPolling: false, Error: null });
    }

    [Fact]
    public async Task Watch_ManySetsOnOneSocket_AreAllTold()
    {
        DnsQuestion[] questions = [.. Enumerable.Range(0, 60).Select(i => new DnsQuestion(_account.Domain.Prepend($"host{i}"), DnsType.AAAA))];
        foreach (DnsQuestion question in questions) _watcher.Watch(question);
        var known = new HashSet<DnsQuestion>();
        while (known.Count < questions.Length) known.Add((await _watcher.Changes.ReadAsync(_timeout.Token)).Question);
        var update = new DnsUpdateBuilder(_account.Domain);
        foreach (DnsQuestion question in questions) update.Replace(question.Name, 120, new AaaaData(IPAddress.Parse("fd00::1")));
        await new ZoneUpdater(_zone, new DnsUpdateClient(Client())).UpdateAsync(update.Updates, TimeSpan.FromHours(1), _timeout.Token);
        while (known.Count > 0)
        {
            RecordSetChange change = await _watcher.Changes.ReadAsync(_timeout.Token);
            if (change.Records.Count == 1) known.Remove(change.Question);
        }
    }

    [Fact]
    public async Task NetworkChanged_Established_IsSetUpAgainAtOnceFromANewSocket()
    {
        _watcher.Watch(List);
        Assert.Empty(await NextAsync());
        _watcher.NetworkChanged();
        await Eventually.HoldsAsync(() => _service.GetStatus().LongLivedQueries == 2, "the query is set up from a new port");
        await AddAsync("one");
        Assert.Equal(["one"], await NextAsync());
    }

    [Fact]
    public async Task Service_Restarted_IsFoundAgain()
    {
        await _watcher.DisposeAsync();
        _watcher = NewWatcher(new LlqClientOptions { KeepaliveInterval = TimeSpan.FromMilliseconds(500) });
        _watcher.Watch(List);
        Assert.Empty(await NextAsync());
        IPEndPoint endpoint = _service.Endpoints[0];
        await _service.DisposeAsync();
        _service = await StartServiceAsync(endpoint);
        await AddAsync("one");
        Assert.Equal(["one"], await NextAsync());
        await Eventually.HoldsAsync(() => _service.GetStatus().LongLivedQueries == 1, "the query is set up at the new service");
        await AddAsync("two");
        Assert.Equal(["one", "two"], await NextAsync());
    }

    [Fact]
    public async Task Unwatch_AndDispose_EndTheQueriesAtTheService()
    {
        var other = new DnsQuestion(List.Name, DnsType.TXT);
        _watcher.Watch(List);
        _watcher.Watch(other);
        await Eventually.HoldsAsync(() => _service.GetStatus().LongLivedQueries == 2, "both are set up");
        _watcher.Unwatch(other);
        await Eventually.HoldsAsync(() => _service.GetStatus().LongLivedQueries == 1, "one is ended");
        await _watcher.DisposeAsync();
        await Eventually.HoldsAsync(() => _service.GetStatus().LongLivedQueries == 0, "the other is ended too");
        while (_watcher.Changes.TryRead(out _)) { }
        Assert.True(_watcher.Changes.Completion.IsCompletedSuccessfully);
    }

    private static DnsClient Client() => new(new UdpDatagramChannelFactory(), new TcpStreamDialer(), SystemRandomSource.Instance, TimeProvider.System);

    private LlqClient NewWatcher(LlqClientOptions? options = null)
        => new(_zone, Client(), new UdpDatagramChannelFactory(), SystemRandomSource.Instance, TimeProvider.System, options);

    private Task<ZoneService> StartServiceAsync(IPEndPoint endpoint) =>
        ServerFixture.StartServiceAsync(new ZoneServiceOptions { Endpoints = [endpoint], Zones = [ZoneOptions.ForAccount(_account)] });

    private Task AddAsync(string host) => ChangeAsync(new DnsUpdateBuilder(_account.Domain).Add(List.Name, 60, Pointer(host)));

    private Task RemoveAsync(string host) => ChangeAsync(new DnsUpdateBuilder(_account.Domain).Delete(List.Name, Pointer(host)));

    private Task ChangeAsync(DnsUpdateBuilder update)
        => new DnsUpdateClient(Client()).UpdateAsync(update, _service.Endpoints, _account.UpdateKey, TimeSpan.FromHours(1), _timeout.Token);

    private PtrData Pointer(string host) => new(_account.Domain.Prepend(host).PrependLabels("_autotunnel._udp"));

    /// <summary>The hosts in the next set told.</summary>
    private async Task<string[]> NextAsync()
    {
        RecordSetChange change = await _watcher.Changes.ReadAsync(_timeout.Token);
        Assert.Equal(List, change.Question);
        return [.. change.Records.Select(record => ((PtrData)record.Data).Target.GetLabels().ElementAt(2)).Order(StringComparer.Ordinal)];
    }
}
