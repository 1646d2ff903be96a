using Btmm.Core.Diagnostics;
using Btmm.Core.Tunnel;
using Btmm.Core.Tunnel.Sessions;
using Btmm.Protocol.Ike;

namespace Btmm.Core.Tests.Tunnel.Sessions;

public sealed class SessionManagerTests : IAsyncDisposable
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(2);

    private readonly SessionWire _wire = new();
    private readonly List<SessionHost> _hosts = [];

    [Fact]
    public async Task Request_KnownPeer_BringsTheTunnelUpOnBothSides()
    {
        (SessionHost a, SessionHost b) = Pair();
        a.Manager.RequestTunnel(b.Identifier);
        await UpAsync(a, b);
        Assert.Equal([b.Identifier], a.Table.Peers);
        Assert.Equal(b.Endpoint, a.Table.GetEndpoint(b.Identifier));
        TunnelStatus status = a.StatusOf(b);
        Assert.True(status.IkeSa?.IsInitiator);
        Assert.NotNull(status.LastHeard);
        Assert.Equal([TunnelState.Connecting, TunnelState.Up], Drain(a).Select(e => e.State));
        Assert.Equal([TunnelState.Up], Drain(b).Select(e => e.State));
    }

    [Fact]
    public async Task FirstPacket_WaitingForTunnel_BringsItUp()
    {
        (SessionHost a, SessionHost b) = Pair();
        a.Raise(new PacketPathEvent.TunnelWanted(b.Identifier));
        await UpAsync(a, b);
    }

    [Fact]
    public async Task Request_UnknownEndpoint_WaitsForTheRecord()
    {
        (SessionHost a, SessionHost b) = Pair();
        a.Manager.UpdatePeers([b.AsPeer(withEndpoint: false)]);
        a.Manager.RequestTunnel(b.Identifier);
        Assert.Equal(TunnelState.WaitingForEndpoint, a.StateOf(b));
        Assert.Equal(0, a.SentCount);
        a.Manager.UpdatePeers([b.AsPeer()]);
        await UpAsync(a, b);
    }

    [Fact]
    public async Task Request_PeerAway_TriesAgainUntilItIsThere()
    {
        (SessionHost a, SessionHost b) = Pair();
        _wire.IsCut = true;
        a.Manager.RequestTunnel(b.Identifier);
        await _wire.Clock.RunUntilAsync(() => a.StateOf(b) == TunnelState.Failed, s_limit);
        Assert.Equal(IkeCloseReason.Unresponsive, a.StatusOf(b).LastReason);
        _wire.IsCut = false;
        await UpAsync(a, b);
    }

    [Fact]
    public async Task BothRequest_AtOnce_EndWithOneTunnel()
    {
        (SessionHost a, SessionHost b) = Pair();
        a.Manager.RequestTunnel(b.Identifier);
        b.Manager.RequestTunnel(a.Identifier);
        await UpAsync(a, b);
        await _wire.Clock.RunForAsync(TimeSpan.FromSeconds(30));
        Assert.True(IsUp(a, b));
        Assert.Equal(1, a.Table.Count);
        Assert.Equal(1, b.Table.Count);
    }

    [Fact]
    public async Task Peer_LeavesTheList_IsDisconnected()
    {
        (SessionHost a, SessionHost b) = Pair();
        a.Manager.RequestTunnel(b.Identifier);
        await UpAsync(a, b);
        a.Manager.UpdatePeers([]);
        await _wire.Clock.RunUntilAsync(() => b.StateOf(a) == TunnelState.Idle && b.Table.Count == 0, s_limit);
        Assert.Equal(0, a.Table.Count);
        Assert.Equal(IkeCloseReason.PeerRequest, b.StatusOf(a).LastReason);
        Assert.Empty(a.Manager.GetTunnels());
    }

    [Fact]
    public async Task Host_OfTheAccountNotListedYet_IsLetIn()
    {
        SessionHost a = Add("a.example", 1);
        SessionHost b = Add("b.example", 2, o => o with { AccountDomain = "example" });
        a.Manager.UpdatePeers([b.AsPeer()]);
        a.Manager.RequestTunnel(b.Identifier);
        await UpAsync(a, b);
        Assert.Equal("a.example", b.StatusOf(a).Name);
        a.Manager.CloseTunnel(b.Identifier);
        await _wire.Clock.RunUntilAsync(() => b.Manager.GetTunnels().Count == 0, s_limit);
    }

    [Fact]
    public async Task Host_OfNoAccount_IsRefused()
    {
        SessionHost a = Add("a.elsewhere", 1);
        SessionHost b = Add("b.example", 2, o => o with { AccountDomain = "example" });
        a.Manager.UpdatePeers([b.AsPeer()]);
        a.Manager.RequestTunnel(b.Identifier);
        await _wire.Clock.RunUntilAsync(() => a.StateOf(b) == TunnelState.Failed, s_limit);
        Assert.Equal(IkeCloseReason.AuthenticationFailed, a.StatusOf(b).LastReason);
        Assert.Empty(b.Manager.GetTunnels());
        Assert.Equal(0, b.Table.Count);
    }

    [Fact]
    public async Task Host_TakingAnothersIdentifier_IsRefused()
    {
        SessionHost a = Add("a.example", 1);
        SessionHost b = Add("b.example", 2, o => o with { AccountDomain = "example" });
        b.Manager.UpdatePeers([new TunnelPeer { Identifier = a.Identifier, Name = "c.example" }]);
        a.Manager.UpdatePeers([b.AsPeer()]);
        a.Manager.RequestTunnel(b.Identifier);
        await _wire.Clock.RunUntilAsync(() => a.StateOf(b) == TunnelState.Failed, s_limit);
        Assert.Equal(IkeCloseReason.TrafficSelectorsUnacceptable, a.StatusOf(b).LastReason);
    }

    [Fact]
    public async Task NetworkChange_MovesThePeersTable()
    {
        (SessionHost a, SessionHost b) = Pair();
        a.Manager.RequestTunnel(b.Identifier);
        await UpAsync(a, b);
        a.MoveTo("198.51.100.9:999");
        a.Manager.NotifyNetworkChanged(null);
        await _wire.Clock.RunUntilAsync(() => a.Endpoint.Equals(b.Table.GetEndpoint(a.Identifier)), TimeSpan.FromSeconds(5));
        Assert.Contains(Drain(b), e => e.Kind == TunnelEventKind.EndpointChanged && a.Endpoint.Equals(e.Endpoint));
    }

    [Fact]
    public async Task BothMove_RecordsOfOne_BringThemTogether()
    {
        (SessionHost a, SessionHost b) = Pair();
        a.Manager.RequestTunnel(b.Identifier);
        await UpAsync(a, b);
        a.MoveTo("198.51.100.9:999");
        b.MoveTo("198.51.100.8:888");
        a.Manager.NotifyNetworkChanged(null);
        b.Manager.NotifyNetworkChanged(null);
        await _wire.Clock.RunForAsync(TimeSpan.FromSeconds(1));
        b.Manager.UpdatePeers([a.AsPeer()]);
        await _wire.Clock.RunUntilAsync(
            () => a.Endpoint.Equals(b.Table.GetEndpoint(a.Identifier)) && b.Endpoint.Equals(a.Table.GetEndpoint(b.Identifier)), TimeSpan.FromSeconds(5));
        Assert.Equal(1, a.Table.Installs); // the same SAs throughout
    }

    [Fact]
    public async Task PacketFromElsewhere_AfterTheCheck_MovesTheTable()
    {
        (SessionHost a, SessionHost b) = Pair();
        a.Manager.RequestTunnel(b.Identifier);
        await UpAsync(a, b);
        a.MoveTo("192.0.2.1:61000");
        b.Raise(new PacketPathEvent.PeerMoved(a.Identifier, a.Endpoint));
        await _wire.Clock.RunUntilAsync(() => a.Endpoint.Equals(b.Table.GetEndpoint(a.Identifier)), TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task OneWayTraffic_DeadPeer_IsNoticedLongBeforeTheInterval()
    {
        (SessionHost a, SessionHost b) = Pair();
        a.Manager.RequestTunnel(b.Identifier);
        await UpAsync(a, b);
        _wire.IsCut = true;
        DateTimeOffset cut = _wire.Clock.GetUtcNow();
        for (int i = 0; i < 15 && a.StateOf(b) == TunnelState.Up; i++)
        {
            a.Table.Play(b.Identifier, packetsOut: 10);
            await _wire.Clock.RunForAsync(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(TunnelState.Unresponsive, a.StateOf(b));
        Assert.True(_wire.Clock.GetUtcNow() - cut < TimeSpan.FromSeconds(15));
        _wire.IsCut = false;
        await _wire.Clock.RunUntilAsync(() => a.StateOf(b) == TunnelState.Up, s_limit);
    }

    [Fact]
    public async Task Traffic_BothWays_NeedsNoLivenessChecks()
    {
        (SessionHost a, SessionHost b) = Pair();
        a.Manager.RequestTunnel(b.Identifier);
        await UpAsync(a, b);
        int sent = a.SentCount;
        for (int i = 0; i < 60; i++)
        {
            a.Table.Play(b.Identifier, packetsOut: 10, packetsIn: 10);
            b.Table.Play(a.Identifier, packetsOut: 10, packetsIn: 10);
            await _wire.Clock.RunForAsync(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(sent, a.SentCount);
    }

    [Fact]
    public async Task ByteLimit_Reached_RekeysTheChild()
    {
        SessionHost a = Add("a.example", 1, o => o with { ChildByteLimit = 1000 });
        SessionHost b = Add("b.example", 2);
        a.Manager.UpdatePeers([b.AsPeer()]);
        b.Manager.UpdatePeers([a.AsPeer()]);
        a.Manager.RequestTunnel(b.Identifier);
        await UpAsync(a, b);
        a.Table.Play(b.Identifier, packetsIn: 1, bytesIn: 2000);
        await _wire.Clock.RunUntilAsync(() => a.Table.Installs == 2 && b.Table.Installs == 2, s_limit);
        await _wire.Clock.RunForAsync(TimeSpan.FromSeconds(10));
        Assert.True(IsUp(a, b));
        Assert.Equal(1, a.Table.Count);
        Assert.Contains(Drain(a), e => e.Kind == TunnelEventKind.ChildRekeyed);
    }

    [Fact]
    public async Task SequenceNumbers_RunningOut_RekeyTheChild()
    {
        (SessionHost a, SessionHost b) = Pair();
        a.Manager.RequestTunnel(b.Identifier);
        await UpAsync(a, b);
        a.Raise(new PacketPathEvent.SequenceNearlyExhausted(b.Identifier, a.StatusOf(b).IkeSa!.ChildSpis[0]));
        await _wire.Clock.RunUntilAsync(() => b.Table.Installs == 2 && IsUp(a, b), s_limit);
    }

    [Fact]
    public async Task Rekeys_OnRequest_AreReported()
    {
        (SessionHost a, SessionHost b) = Pair();
        Assert.False(a.Manager.RekeyIke(b.Identifier));
        a.Manager.RequestTunnel(b.Identifier);
        await UpAsync(a, b);
        Drain(b);
        Assert.True(a.Manager.RekeyIke(b.Identifier));
        Assert.True(a.Manager.RekeyChild(b.Identifier));
        List<TunnelEvent> seen = [];
        await _wire.Clock.RunUntilAsync(
            () =>
            {
                seen.AddRange(Drain(b));
                return seen.Any(e => e.Kind == TunnelEventKind.IkeRekeyed) && seen.Any(e => e.Kind == TunnelEventKind.ChildRekeyed);
            },
            s_limit);
        Assert.True(IsUp(a, b));
    }

    [Fact]
    public async Task Dispose_TellsThePeer()
    {
        (SessionHost a, SessionHost b) = Pair();
        a.Manager.RequestTunnel(b.Identifier);
        await UpAsync(a, b);
        Task disposing = a.Manager.DisposeAsync().AsTask();
        await _wire.Clock.RunUntilAsync(() => disposing.IsCompleted, s_limit);
        await disposing;
        await _wire.Clock.RunUntilAsync(() => b.StateOf(a) == TunnelState.Idle, s_limit);
        Assert.Equal(0, a.Table.Count + b.Table.Count);
        Assert.True(a.Manager.Events.Completion.IsCompleted || a.Manager.Events.TryRead(out _));
        Assert.Empty(a.Manager.GetTunnels());
        a.Manager.RequestTunnel(b.Identifier); // too late: does nothing
    }

    [Fact]
    public async Task Dispose_DeadPeer_TakesBoundedTime()
    {
        (SessionHost a, SessionHost b) = Pair();
        a.Manager.RequestTunnel(b.Identifier);
        await UpAsync(a, b);
        _wire.IsCut = true;
        Task disposing = a.Manager.DisposeAsync().AsTask();
        await _wire.Clock.RunUntilAsync(() => disposing.IsCompleted, TimeSpan.FromSeconds(4));
        await disposing;
        Assert.Equal(0, a.Table.Count);
    }

    [Fact]
    public void ShortKey_IsRefused()
    {
        var error = Assert.Throws<BtmmException>(() => Add("a.example", 1, o => o with { PreSharedKey = new byte[15] }));
        Assert.Equal(BtmmErrorReason.InvalidValue, error.Reason);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (SessionHost host in _hosts)
        {
            Task disposing = host.Manager.DisposeAsync().AsTask();
            await _wire.Clock.RunUntilAsync(() => disposing.IsCompleted, s_limit);
        }
    }

    private static bool IsUp(SessionHost a, SessionHost b) =>
        a.StateOf(b) == TunnelState.Up && b.StateOf(a) == TunnelState.Up
        && a.Table.Reaches(b.Identifier, b.Table) && b.Table.Reaches(a.Identifier, a.Table);

    private static List<TunnelEvent> Drain(SessionHost host)
    {
        List<TunnelEvent> events = [];
        while (host.Manager.Events.TryRead(out TunnelEvent? happened)) events.Add(happened);
        return events;
    }

    private Task UpAsync(SessionHost a, SessionHost b) => _wire.Clock.RunUntilAsync(() => IsUp(a, b), s_limit);

    private SessionHost Add(string name, int number, Func<SessionManagerOptions, SessionManagerOptions>? configure = null)
    {
        var host = new SessionHost(_wire, name, number, configure);
        _hosts.Add(host);
        return host;
    }

    private (SessionHost A, SessionHost B) Pair()
    {
        SessionHost a = Add("a.example", 1);
        SessionHost b = Add("b.example", 2);
        a.Manager.UpdatePeers([b.AsPeer()]);
        b.Manager.UpdatePeers([a.AsPeer()]);
        return (a, b);
    }
}
