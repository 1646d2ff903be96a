using System.Net;
using Btmm.Core.Diagnostics;
using Btmm.Core.Dns;
using Btmm.Core.Peers;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Protocol.Dns.Edns;
using Btmm.Protocol.Dns.Tsig;

namespace Btmm.Core.Tests.Dns;

public sealed class LlqClientTests
{
    private static readonly DnsRecord s_one = new(FakeZone.Question.Name, 1, new PtrData(DnsName.Parse("one.alice.test")));
    private static readonly DnsRecord s_two = new(FakeZone.Question.Name, 1, new PtrData(DnsName.Parse("two.alice.test")));

    [Fact]
    public async Task Watch_ZoneWithQueries_TellsTheSetAndItsChanges()
    {
        await using var zone = new FakeZone(isSigned: false);
        zone.Model.Zone.Add(s_one);
        LlqClient client = zone.NewClient();
        client.Watch(FakeZone.Question);
        Assert.Equal([s_one], await zone.NextAsync(client));
        Assert.Equal(0, zone.Queries);
        Assert.Equal(WatchMode.LongLivedQueries, client.Mode);
        zone.Change(set => set.Add(s_two));
        Assert.Equal([s_one, s_two], await zone.NextAsync(client));
        zone.Change(set => set.Remove(s_one));
        Assert.Equal([s_two], await zone.NextAsync(client));
        await zone.EndAsync(client);
        Assert.Equal(0ul, zone.Model.Query); // ended at the server
    }

    [Fact]
    public async Task Keepalive_Every25Seconds_ComesFromTheSocketOfTheQueries()
    {
        await using var zone = new FakeZone(isSigned: true);
        LlqClient client = zone.NewClient();
        client.Watch(FakeZone.Question);
        await zone.NextAsync(client);
        await zone.Net.Clock.RunForAsync(TimeSpan.FromSeconds(130));
        IPEndPoint socket = zone.Net.Server.Requests.First(request => request.Message.Edns?.Find<LlqOption>() is not null).From;
        int keepalives = zone.Net.Server.Requests.Count(request => request.From.Equals(socket) && request.Message.Questions[0].Type == DnsType.SOA);
        Assert.InRange(keepalives, 4, 25);
        await zone.EndAsync(client);
    }

    [Fact]
    public async Task Event_WithKeyButUnsigned_IsAcknowledgedAndAskedAbout()
    {
        await using var zone = new FakeZone(isSigned: true);
        LlqClient client = zone.NewClient();
        client.Watch(FakeZone.Question);
        Assert.Empty(await zone.NextAsync(client));
        zone.Change(set => set.Add(s_two));
        Assert.Equal([s_two], await zone.NextAsync(client));
        Assert.InRange(zone.Queries, 1, 10); // a signed query told
        await zone.EndAsync(client);
    }

    [Fact]
    public async Task Event_Forged_IsNotTold()
    {
        await using var zone = new FakeZone(isSigned: true);
        zone.Model.Zone.Add(s_one);
        zone.Truth = [s_one];
        LlqClient client = zone.NewClient();
        client.Watch(FakeZone.Question);
        Assert.Equal([s_one], await zone.NextAsync(client));
        zone.Change(set => set.Add(s_two)); // the event says so, the signed answer does not
        await zone.Net.Clock.RunForAsync(TimeSpan.FromSeconds(10));
        Assert.InRange(zone.Queries, 1, 10);
        Assert.False(client.Changes.TryRead(out _));
        await zone.EndAsync(client);
    }

    [Fact]
    public async Task Server_ThatForgotTheQuery_IsFoundOutByTheSerial()
    {
        await using var zone = new FakeZone(isSigned: false);
        LlqClient client = zone.NewClient();
        client.Watch(FakeZone.Question);
        Assert.Empty(await zone.NextAsync(client));
        ulong first = zone.Model.Query;
        TimeSpan start = zone.Net.Clock.Elapsed;
        zone.Change(set => set.Add(s_one), withEvent: false);
        Assert.Equal([s_one], await zone.NextAsync(client));
        Assert.InRange((zone.Net.Clock.Elapsed - start).TotalSeconds, 0, 60);
        await zone.Net.Clock.RunUntilAsync(() => zone.Model.Query != 0 && zone.Model.Query != first, TimeSpan.FromSeconds(10));
        zone.Change(set => set.Add(s_two));
        Assert.Equal([s_one, s_two], await zone.NextAsync(client));
        await zone.EndAsync(client);
    }

    [Fact]
    public async Task Server_DownForAMinute_IsReportedAndFoundAgain()
    {
        await using var zone = new FakeZone(isSigned: true);
        LlqClient client = zone.NewClient();
        client.Watch(FakeZone.Question);
        await zone.NextAsync(client);
        Assert.True(client.States.TryRead(out ZoneServiceState? state) && state.IsReachable);
        zone.Net.Server.IsDown = true;
        zone.Model.Forget();
        await zone.Net.Clock.RunUntilAsync(() => client.States.TryRead(out state), TimeSpan.FromSeconds(60));
        Assert.False(state!.IsReachable);
        Assert.NotNull(state.Error);
        Assert.Equal(WatchMode.Searching, client.Mode);
        await zone.Net.Clock.RunForAsync(TimeSpan.FromSeconds(60));
        zone.Net.Server.IsDown = false;
        zone.Change(set => set.Add(s_one));
        TimeSpan back = zone.Net.Clock.Elapsed;
        Assert.Equal([s_one], await zone.NextAsync(client));
        Assert.InRange((zone.Net.Clock.Elapsed - back).TotalSeconds, 0, 60);
        Assert.Equal(WatchMode.LongLivedQueries, client.Mode);
        await zone.EndAsync(client);
    }

    [Fact]
    public async Task NetworkChanged_Established_SetsUpFromANewSocketAtOnce()
    {
        await using var zone = new FakeZone(isSigned: true);
        LlqClient client = zone.NewClient();
        client.Watch(FakeZone.Question);
        await zone.NextAsync(client);
        ulong first = zone.Model.Query;
        zone.Change(set => set.Add(s_one), withEvent: false);
        TimeSpan moved = zone.Net.Clock.Elapsed;
        client.NetworkChanged();
        Assert.Equal([s_one], await zone.NextAsync(client));
        Assert.InRange((zone.Net.Clock.Elapsed - moved).TotalSeconds, 0, 14);
        Assert.NotEqual(first, zone.Model.Query);
        Assert.True(zone.Net.Server.Requests.Where(request => request.Message.Edns?.Find<LlqOption>() is not null).Select(request => request.From).Distinct().Count() >= 2);
        await zone.EndAsync(client);
    }

    [Theory]
    [InlineData(1u, 30)]
    [InlineData(120u, 120)]
    [InlineData(86400u, 900)]
    public async Task Poll_ZoneWithoutQueries_FollowsTheTtlWithinItsBounds(uint ttl, int expected)
    {
        await using var zone = new FakeZone(isSigned: false, hasQueries: false) { Ttl = ttl };
        zone.Model.Zone.Add(s_one);
        LlqClient client = zone.NewClient(new LlqClientOptions { KeepaliveInterval = TimeSpan.FromHours(1) });
        client.Watch(FakeZone.Question);
        await zone.NextAsync(client);
        Assert.Equal(WatchMode.Polling, client.Mode);
        Assert.True(client.States.TryRead(out ZoneServiceState? state) && state is { IsReachable: true, IsPolling: true });
        await zone.Net.Clock.RunForAsync(TimeSpan.FromSeconds(expected * 3.5));
        Assert.InRange(zone.Queries, 1 + 3, 15); // it may have been asked twice
        await zone.EndAsync(client);
    }

    [Fact]
    public async Task Poll_SerialChanged_AsksAtOnce()
    {
        await using var zone = new FakeZone(isSigned: true, hasQueries: false) { Ttl = 86400 };
        zone.Model.Zone.Add(s_one);
        LlqClient client = zone.NewClient();
        client.Watch(FakeZone.Question);
        await zone.NextAsync(client);
        await zone.Net.Clock.RunForAsync(TimeSpan.FromSeconds(60));
        TimeSpan changed = zone.Net.Clock.Elapsed;
        zone.Change(set => set.Add(s_two));
        Assert.Equal(2, (await zone.NextAsync(client)).Count);
        Assert.InRange((zone.Net.Clock.Elapsed - changed).TotalSeconds, 0, 60);
        await zone.EndAsync(client);
    }

    [Fact]
    public async Task Poll_ServerThatLearntQueriesLater_IsSetUpInTheEnd()
    {
        await using var zone = new FakeZone(isSigned: false, hasQueries: false);
        LlqClient client = zone.NewClient(new LlqClientOptions { SetupRetryInterval = TimeSpan.FromMinutes(2) });
        client.Watch(FakeZone.Question);
        await zone.NextAsync(client);
        zone.HasQueries = true;
        await zone.Net.Clock.RunUntilAsync(() => client.Mode == WatchMode.LongLivedQueries, TimeSpan.FromMinutes(10));
        await zone.EndAsync(client);
    }

    [Fact]
    public async Task Setup_ServerFull_PollsUntilThereIsRoom()
    {
        await using var zone = new FakeZone(isSigned: false) { SetupError = LlqError.ServFull };
        zone.Model.Zone.Add(s_one);
        LlqClient client = zone.NewClient();
        client.Watch(FakeZone.Question);
        Assert.Equal([s_one], await zone.NextAsync(client));
        Assert.Equal(WatchMode.Polling, client.Mode);
        zone.SetupError = LlqError.NoError;
        await zone.Net.Clock.RunUntilAsync(() => client.Mode == WatchMode.LongLivedQueries, TimeSpan.FromMinutes(30));
        await zone.EndAsync(client);
    }

    [Fact]
    public async Task Watch_OverABadNetwork_ConvergesToTheZone()
    {
        const int Hosts = 5;
        await using var zone = new FakeZone(isSigned: true, lease: 300);
        zone.Net.Wire.Conditions = new() { Loss = 0.15, Duplication = 0.1, Reordering = 0.2, Latency = TimeSpan.FromMilliseconds(20) };
        LlqClient client = zone.NewClient();
        client.Watch(FakeZone.Question);
        var random = new Random(5);
        for (int i = 0; i < 40; i++)
        {
            DnsRecord record = zone.Model.MakeRecord(random.Next(Hosts));
            zone.Change(set => { if (!set.Remove(record)) set.Add(record); });
            await zone.Net.Clock.RunForAsync(TimeSpan.FromSeconds(random.Next(1, 20)));
        }

        zone.Net.Wire.Conditions = new();
        await zone.Net.Clock.RunForAsync(TimeSpan.FromMinutes(6));
        IReadOnlyList<DnsRecord> last = [];
        while (client.Changes.TryRead(out RecordSetChange? change)) last = change.Records;
        Assert.Equal(zone.Model.Zone.Select(record => record.Data).ToHashSet(), last.Select(record => record.Data).ToHashSet());
        await zone.EndAsync(client);
    }

    [Fact]
    public async Task Key_Rejected_IsReportedWithItsReason()
    {
        await using var zone = new FakeZone(isSigned: true);
        zone.Net.Server.Keys = new TsigKeyRing();
        LlqClient client = zone.NewClient();
        client.Watch(FakeZone.Question);
        ZoneServiceState? state = null;
        await zone.Net.Clock.RunUntilAsync(() => client.States.TryRead(out state), TimeSpan.FromSeconds(30));
        Assert.Equal(BtmmErrorReason.TsigBadKey, state!.Error!.Reason);
        await zone.EndAsync(client);
    }
}
