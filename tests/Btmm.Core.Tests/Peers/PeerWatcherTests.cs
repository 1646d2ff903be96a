using System.Net;
using Btmm.Core.Peers;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Protocol.Identity;

namespace Btmm.Core.Tests.Peers;

public sealed class PeerWatcherTests : IAsyncLifetime
{
    private const string List = "_autotunnel._udp.alice.net";
    private readonly FakeClock _clock = new();
    private readonly FakeRecordWatcher _zone = new();
    private readonly PeerTable _table;
    private readonly PeerWatcher _watcher;
    private volatile bool _isPublished;
    private volatile string? _inUse;

    public PeerWatcherTests()
    {
        _table = new PeerTable("me.alice.net", IPAddress.Parse("fd00::1"), _clock);
        var directory = new PeerDirectory(DnsName.Parse("alice.net"), DnsName.Parse("me.alice.net"));
        _watcher = new PeerWatcher(_zone, directory, _table, () => _isPublished, record => record.Name == _inUse, _clock);
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _watcher.DisposeAsync();

    [Fact]
    public async Task Watch_ListToEndpoint_IsFollowed()
    {
        AddHost("Mac", "fd00::2", "203.0.113.10", 4001);
        ListHosts("Mac", "me");
        _watcher.Start();
        PeerChange change = await UntilAsync(c => c.Peer.Endpoint is not null);
        Assert.Equal("mac.alice.net", change.Peer.Name);
        Assert.Equal(IPEndPoint.Parse("203.0.113.10:4001"), change.Peer.Endpoint);
        Assert.Equal("Mac14,1", change.Peer.Device.Model);
        Assert.DoesNotContain(_zone.Watched.Keys, q => q.Name == DnsName.Parse("me.alice.net"));
    }

    [Fact]
    public async Task Watch_EndpointStillAskedFor_PeerIsToldOfWithIt()
    {
        AddHost("mac", "fd00::2", "203.0.113.10", 4001);
        ListHosts("mac");
        Task<bool> asked = _zone.Withhold("t-mac.alice.net", DnsType.A);
        _watcher.Start();
        await _clock.RunUntilAsync(asked);
        Assert.Empty(_table.Current);
        _zone.Set("t-mac.alice.net", DnsType.A, new AData(IPAddress.Parse("203.0.113.10")));
        PeerChange change = await UntilAsync(_ => true);
        Assert.Equal(PeerChangeKind.Added, change.Kind);
        Assert.NotNull(change.Peer.Endpoint);
    }

    [Fact]
    public async Task Watch_EndpointNeverAnswered_PeerIsToldOfWithoutIt()
    {
        AddHost("mac", "fd00::2", "203.0.113.10", 4001);
        ListHosts("mac");
        _ = _zone.Withhold("t-mac.alice.net", DnsType.A);
        DateTimeOffset before = _clock.GetUtcNow();
        _watcher.Start();
        PeerChange change = await UntilAsync(_ => true);
        Assert.Equal(PeerChangeKind.Added, change.Kind);
        Assert.Null(change.Peer.Endpoint);
        Assert.True(_clock.GetUtcNow() - before >= PeerWatcher.SettleTime);
    }

    [Fact]
    public async Task Watch_PeerMoves_NewEndpointAndOldTargetForgotten()
    {
        AddHost("mac", "fd00::2", "203.0.113.10", 4001);
        ListHosts("mac");
        _watcher.Start();
        await UntilAsync(c => c.Peer.Endpoint is not null);
        _zone.Set("elsewhere.alice.net", DnsType.A, new AData(IPAddress.Parse("198.51.100.20")));
        _zone.Set("_autotunnel._udp.mac.alice.net", DnsType.SRV, new SrvData(0, 0, 5001, DnsName.Parse("elsewhere.alice.net")));
        await UntilAsync(c => c.Peer.Endpoint?.ToString() == "198.51.100.20:5001");
        Assert.DoesNotContain(_zone.Watched.Keys, q => q.Name == DnsName.Parse("t-mac.alice.net"));
    }

    [Fact]
    public async Task Watch_UnacceptableRecords_AreNotBelieved()
    {
        AddHost("private", "fd00::2", "192.168.1.9", 4001);
        AddHost("global", "2001:db8::2", "203.0.113.10", 4001);
        AddHost("outside", "fd00::3", "203.0.113.10", 4001);
        _zone.Set("_autotunnel._udp.outside.alice.net", DnsType.SRV, new SrvData(0, 0, 5001, DnsName.Parse("evil.example.org")));
        ListHosts("private", "global", "outside", "bad_label");
        _watcher.Start();
        var seen = new HashSet<string>();
        while (seen.Count < 2) seen.Add((await UntilAsync(_ => true)).Peer.Name);
        Assert.Equal(["outside.alice.net", "private.alice.net"], seen.Order());
        Assert.All(_table.Current, peer => Assert.Null(peer.Endpoint));
        Assert.DoesNotContain(_zone.Watched.Keys, q => q.Name == DnsName.Parse("evil.example.org"));
    }

    [Fact]
    public async Task Watch_RecordsGone_PeerLeavesAfterGrace()
    {
        AddHost("mac", "fd00::2", "203.0.113.10", 4001);
        ListHosts("mac");
        _watcher.Start();
        await UntilAsync(c => c.Kind == PeerChangeKind.Added);
        DateTimeOffset before = _clock.GetUtcNow();
        ListHosts();
        await UntilAsync(c => c.Kind == PeerChangeKind.Removed);
        Assert.True(_clock.GetUtcNow() - before >= PeerWatcher.RemovalGrace - TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task Watch_RecordsGoneLongAfterTheyCame_GraceBeginsWithTheirAbsence()
    {
        AddHost("mac", "fd00::2", "203.0.113.10", 4001);
        ListHosts("mac");
        _watcher.Start();
        await UntilAsync(c => c.Kind == PeerChangeKind.Added);
        await _clock.RunAsync(TimeSpan.FromMinutes(10));
        DateTimeOffset before = _clock.GetUtcNow();
        ListHosts();
        await UntilAsync(c => c.Kind == PeerChangeKind.Removed);
        Assert.True(_clock.GetUtcNow() - before >= PeerWatcher.RemovalGrace - TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task Watch_RecordsGoneWhileTunnelWorks_PeerStaysUntilItDoesNot()
    {
        AddHost("mac", "fd00::2", "203.0.113.10", 4001);
        ListHosts("mac");
        _inUse = "mac.alice.net";
        _watcher.Start();
        await UntilAsync(c => c.Kind == PeerChangeKind.Added);
        ListHosts();
        await _clock.RunAsync(TimeSpan.FromMinutes(1), steps: 60);
        Assert.Single(_table.Current);
        _inUse = null;
        await UntilAsync(c => c.Kind == PeerChangeKind.Removed);
    }

    [Fact]
    public async Task Watch_ZoneLostItsData_PeersStayAndOurLossIsTold()
    {
        AddHost("mac", "fd00::2", "203.0.113.10", 4001);
        ListHosts("mac", "me");
        _isPublished = true;
        _watcher.Start();
        await UntilAsync(c => c.Kind == PeerChangeKind.Added);
        ListHosts();
        Assert.True(await _clock.RunUntilAsync(_watcher.OwnRecordsLost.ReadAsync().AsTask()));
        await _clock.RunAsync(TimeSpan.FromMinutes(1), steps: 60);
        Assert.Single(_table.Current);
        ListHosts("mac", "me");
        await _clock.RunAsync(TimeSpan.FromMinutes(1), steps: 60);
        Assert.Equal("203.0.113.10:4001", Assert.Single(_table.Current).Endpoint?.ToString());
    }

    [Fact]
    public async Task Watch_ListAskedForBeforeOurFirstUpdate_IsNoDataLoss()
    {
        AddHost("mac", "fd00::2", "203.0.113.10", 4001);
        ListHosts("mac");
        _isPublished = true;
        _watcher.Start();
        await UntilAsync(c => c.Kind == PeerChangeKind.Added);
        ListHosts("mac", "me");
        DateTimeOffset before = _clock.GetUtcNow();
        ListHosts("me");
        await UntilAsync(c => c.Kind == PeerChangeKind.Removed);
        Assert.True(_clock.GetUtcNow() - before < PeerWatcher.DataLossGrace);
    }

    private async Task<PeerChange> UntilAsync(Func<PeerChange, bool> condition)
    {
        while (true)
        {
            PeerChange change = await _clock.RunUntilAsync(_watcher.Changes.ReadAsync().AsTask());
            if (condition(change)) return change;
        }
    }

    private void AddHost(string host, string identifier, string address, ushort port)
    {
        DnsName target = DnsName.Parse($"t-{host}.alice.net");
        _zone.Set($"{host}.alice.net", DnsType.AAAA, new AaaaData(IPAddress.Parse(identifier)));
        _zone.Set($"_autotunnel._udp.{host}.alice.net", DnsType.SRV, new SrvData(0, 0, port, target));
        _zone.Set(target.ToString(), DnsType.A, new AData(IPAddress.Parse(address)));
        _zone.Set(target.ToString(), DnsType.TXT, new TxtData($"{DeviceInfo.ModelKey}=Mac14,1"));
    }

    private void ListHosts(params string[] hosts) =>
        _zone.Set(List, DnsType.PTR, [.. hosts.Select(host => new PtrData(DnsName.Parse($"_autotunnel._udp.{host}.alice.net")))]);
}
