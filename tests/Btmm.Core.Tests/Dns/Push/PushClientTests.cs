using System.Threading.Channels;
using Btmm.Core.Dns;
using Btmm.Core.Dns.Push;
using Btmm.Core.Peers;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Dso;

namespace Btmm.Core.Tests.Dns.Push;

/// <summary>The Push client on virtual time: what it tells, when it comes back, and what it uses instead.</summary>
public sealed class PushClientTests
{
    private readonly FakePushServer _server = new();

    [Fact]
    public async Task Set_ThatIsEmpty_IsToldOnceAndThenItsChanges()
    {
        await using PushClient client = Watching();
        Assert.Empty(await _server.NextAsync(client));
        _server.Change(zone => zone.Add(FakePushServer.Address(1)));
        Assert.Equal([FakePushServer.Address(1)], await _server.NextAsync(client));
        _server.Change(zone => zone.Remove(FakePushServer.Address(1)));
        Assert.Empty(await _server.NextAsync(client));
        Assert.Equal(PushPhase.Active, client.Phase);
        Assert.Single(_server.Connections);
    }

    [Fact]
    public async Task Connection_ThatBreaks_IsMadeAgainAtOnceAndOnlyDifferencesAreTold()
    {
        _server.Zone.Add(FakePushServer.Address(1));
        await using PushClient client = Watching();
        Assert.Single(await _server.NextAsync(client));
        _server.End();
        await _server.Clock.RunForAsync(TimeSpan.FromSeconds(5));
        Assert.Equal(2, _server.Connections.Count);
        Assert.False(client.Changes.TryRead(out _));

        _server.End();
        _server.Zone.Clear();
        _server.Zone.Add(FakePushServer.Address(2));
        Assert.Equal([FakePushServer.Address(2)], await _server.NextAsync(client));
        Assert.False(client.Changes.TryRead(out _));
    }

    [Fact]
    [Trait("rfc", "8490§6.6.3")]
    public async Task RetryDelay_IsObeyed()
    {
        await using PushClient client = Watching();
        await _server.NextAsync(client);
        TimeSpan told = _server.Clock.Elapsed;
        _server.End(DsoMessages.RetryDelay(DnsRcode.NoError, TimeSpan.FromMinutes(7)));
        await _server.Clock.RunUntilAsync(() => _server.Connections.Count == 2, TimeSpan.FromMinutes(10));
        Assert.Equal(TimeSpan.FromMinutes(7), _server.Connections[1] - told);
        await _server.Clock.RunUntilAsync(() => client.Phase == PushPhase.Active, TimeSpan.FromMinutes(1));
    }

    [Fact]
    [Trait("rfc", "8490§6.6.3")]
    public async Task RetryDelay_IsObeyedEvenWhenTheNetworkChanges()
    {
        await using PushClient client = Watching();
        await _server.NextAsync(client);
        _server.End(DsoMessages.RetryDelay(DnsRcode.NoError, TimeSpan.FromMinutes(7)));
        await _server.Clock.RunForAsync(TimeSpan.FromMinutes(1));
        client.NetworkChanged();
        await _server.Clock.RunForAsync(TimeSpan.FromMinutes(1));
        Assert.Single(_server.Connections);
    }

    [Fact]
    [Trait("rfc", "8490§6.6.3.3")]
    public async Task ServerWithoutDso_IsTriedAgainAfterAnHour()
    {
        _server.KeepaliveRcode = DnsRcode.NotImp;
        await using PushClient client = Watching();
        await _server.Clock.RunForAsync(TimeSpan.FromMinutes(59));
        Assert.Single(_server.Connections);
        Assert.Equal(PushPhase.Waiting, client.Phase);
        _server.KeepaliveRcode = DnsRcode.NoError;
        Assert.Empty(await _server.NextAsync(client));
    }

    [Fact]
    [Trait("rfc", "8490§6.6.3.2")]
    public async Task ServerThatDropsConnections_IsTriedTwiceAndThenAfterAnHour()
    {
        _server.DropsConnections = true;
        await using PushClient client = Watching();
        await _server.Clock.RunForAsync(TimeSpan.FromMinutes(59));
        Assert.Equal(2, _server.Connections.Count);
    }

    [Fact]
    [Trait("rfc", "8765§6.2.2")]
    public async Task Subscription_Refused_IsTriedAgainAfterFiveMinutes()
    {
        _server.SubscribeRcode = DnsRcode.Refused;
        await using PushClient client = Watching();
        await _server.Clock.RunForAsync(TimeSpan.FromMinutes(4));
        Assert.Single(_server.Connections);
        Assert.Equal(PushPhase.Waiting, client.Phase);
        Assert.Equal(0, _server.Open);
        ZoneServiceState? refused = null;
        while (client.States.TryRead(out ZoneServiceState? state)) refused = state.Error is null ? refused : state;
        Assert.Contains("Refused", refused!.Error!.Message, StringComparison.Ordinal);
        _server.SubscribeRcode = DnsRcode.NoError;
        Assert.Empty(await _server.NextAsync(client));
    }

    [Fact]
    public async Task ServerThatCannotBeReached_IsTriedWithGrowingWaits()
    {
        _server.RefusesConnections = true;
        await using PushClient client = Watching();
        await _server.Clock.RunForAsync(TimeSpan.FromHours(1));
        Assert.InRange(_server.Connections.Count, 15, 25);
        TimeSpan[] waits = [.. _server.Connections.Zip(_server.Connections.Skip(1), static (one, next) => next - one)];
        Assert.Equal(waits.Order(), waits);
        Assert.Equal(TimeSpan.FromMinutes(5), waits[^1]);
        client.NetworkChanged();
        int before = _server.Connections.Count;
        await _server.Clock.RunForAsync(TimeSpan.FromMilliseconds(10));
        Assert.Equal(before + 1, _server.Connections.Count);
    }

    [Fact]
    public async Task ServerThatVanishes_IsNoticedByTheKeepalive()
    {
        await using PushClient client = Watching();
        await _server.NextAsync(client);
        await _server.Clock.RunForAsync(TimeSpan.FromMinutes(10));
        Assert.Single(_server.Connections);
        _server.IsSilent = true;
        await _server.Clock.RunUntilAsync(() => _server.Connections.Count == 2, TimeSpan.FromSeconds(90));
    }

    [Fact]
    public async Task NetworkChange_ConnectsAtOnceWithoutNews()
    {
        _server.Zone.Add(FakePushServer.Address(1));
        await using PushClient client = Watching();
        await _server.NextAsync(client);
        client.NetworkChanged();
        await _server.Clock.RunForAsync(TimeSpan.FromSeconds(1));
        Assert.Equal(2, _server.Connections.Count);
        Assert.Equal(1, _server.Open);
        Assert.False(client.Changes.TryRead(out _));
    }

    [Fact]
    [Trait("rfc", "8490§6.4.1")]
    public async Task Connection_WithoutWatches_IsClosedAndMadeAgainWhenNeeded()
    {
        await using PushClient client = Watching();
        await _server.NextAsync(client);
        client.Unwatch(FakePushServer.Question);
        await _server.Clock.RunForAsync(TimeSpan.FromSeconds(30));
        Assert.Equal((0, PushPhase.Idle), (_server.Open, client.Phase));
        client.Watch(FakePushServer.Question);
        Assert.Empty(await _server.NextAsync(client));
        Assert.Equal(2, _server.Connections.Count);
    }

    [Fact]
    public async Task ZoneWithoutPush_IsAskedAgainFromTimeToTime()
    {
        _server.OffersPush = false;
        await using PushClient client = Watching();
        await _server.Clock.RunForAsync(TimeSpan.FromHours(1));
        Assert.Equal(PushPhase.NotOffered, client.Phase);
        Assert.InRange(_server.Searches, 4, 6);
        _server.OffersPush = true;
        Assert.Empty(await _server.NextAsync(client));
    }

    [Fact]
    public async Task Watcher_WithoutPush_UsesTheOtherClientUntilPushIsBack()
    {
        _server.RefusesConnections = true;
        var others = new List<FakeWatcher>();
        await using var watcher = new ZoneWatcher(_server.NewClient(), () =>
        {
            others.Add(new FakeWatcher());
            return others[^1];
        }, _server.Clock);
        watcher.Watch(FakePushServer.Question);
        await _server.Clock.RunUntilAsync(() => others.Count == 1, TimeSpan.FromMinutes(1));
        others[0].Tell(WatchMode.LongLivedQueries, FakePushServer.Address(1));
        Assert.Single(await _server.NextAsync(watcher));
        Assert.Equal(WatchMode.LongLivedQueries, watcher.Mode);

        _server.Zone.Add(FakePushServer.Address(1));
        _server.RefusesConnections = false;
        await _server.Clock.RunUntilAsync(() => watcher.Mode == WatchMode.Push && others[0].IsDisposed, TimeSpan.FromMinutes(6));
        Assert.False(watcher.Changes.TryRead(out _)); // another way, but the same set
        _server.Change(zone => zone.Add(FakePushServer.Address(2)));
        Assert.Equal(2, (await _server.NextAsync(watcher)).Count);

        // A short break of the connection is no reason for another way; a long one is.
        _server.End();
        await _server.Clock.RunForAsync(TimeSpan.FromSeconds(10));
        Assert.Single(others);
        _server.RefusesConnections = true;
        _server.End();
        await _server.Clock.RunUntilAsync(() => others.Count == 2, TimeSpan.FromSeconds(10));
        Assert.Contains(FakePushServer.Question, others[1].Watched);
    }

    private PushClient Watching()
    {
        PushClient client = _server.NewClient();
        client.Watch(FakePushServer.Question);
        return client;
    }

    private sealed class FakeWatcher : IRecordWatcher
    {
        private readonly Channel<RecordSetChange> _changes = Channel.CreateUnbounded<RecordSetChange>();
        private readonly Channel<ZoneServiceState> _states = Channel.CreateUnbounded<ZoneServiceState>();

        public ChannelReader<RecordSetChange> Changes => _changes.Reader;

        public ChannelReader<ZoneServiceState> States => _states.Reader;

        internal List<DnsQuestion> Watched { get; } = [];

        internal bool IsDisposed { get; private set; }

        public void Watch(DnsQuestion question) => Watched.Add(question);

        public void Unwatch(DnsQuestion question) => Watched.Remove(question);

        public void NetworkChanged()
        {
        }

        public ValueTask DisposeAsync()
        {
            IsDisposed = true;
            return ValueTask.CompletedTask;
        }

        internal void Tell(WatchMode mode, params DnsRecord[] records)
        {
            _states.Writer.TryWrite(new ZoneServiceState(true, mode, null));
            _changes.Writer.TryWrite(new RecordSetChange(FakePushServer.Question, records));
        }
    }
}
