using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Protocol.Dns.Dso;
using Btmm.Protocol.Dns.Edns;
using Btmm.Protocol.Dns.Push;
using Btmm.Server.Hosting;
using Btmm.TestKit;

namespace Btmm.Server.Tests;

/// <summary>What subscribers are told (RFC 8765) by sessions (RFC 8490), and what clients that misbehave get.</summary>
public sealed class PushTests : IDisposable
{
    private readonly PushHarness _push = new();

    private DnsName Studio => _push.Server.Name("studio");

    public void Dispose() => _push.Dispose();

    [Fact]
    [Trait("rfc", "8765§6.3")]
    public async Task Subscription_ToWhatThereIs_IsToldItAtOnce()
    {
        DnsRecord record = Address(Studio, 1);
        await _push.Server.AddAsync(record);
        using FakePeer peer = await _push.ConnectAsync();
        Assert.Equal(DnsRcode.NoError, await _push.SubscribeAsync(peer, 7, Studio, DnsType.AAAA));
        Assert.Equal([PushChange.Add(record)], await PushHarness.NextAsync(peer));
        Assert.Empty(peer.Sent);
    }

    [Fact]
    [Trait("rfc", "8765§6.2.1")]
    public async Task Subscription_ToWhatThereIsNot_IsAcceptedAndToldLater()
    {
        using FakePeer peer = await _push.ConnectAsync();
        Assert.Equal(DnsRcode.NoError, await _push.SubscribeAsync(peer, 7, Studio, DnsType.AAAA));
        Assert.Empty(peer.Sent);
        await _push.Server.AddAsync(Address(Studio, 1), Address(_push.Server.Name("other"), 2));
        _push.Tell();
        Assert.Equal([PushChange.Add(Address(Studio, 1))], await PushHarness.NextAsync(peer));
        Assert.Empty(peer.Sent);
    }

    [Fact]
    [Trait("rfc", "8765§6.3.1")]
    public async Task Changes_OfOneUpdate_ComeInOneMessage()
    {
        DnsRecord service = new(Studio, 120, new SrvData(0, 0, 4500, Studio));
        await _push.Server.AddAsync(Address(Studio, 1), service);
        using FakePeer peer = await _push.ConnectAsync();
        await _push.SubscribeAsync(peer, 7, Studio, DnsType.AAAA);
        await PushHarness.NextAsync(peer);
        await _push.SubscribeAsync(peer, 8, Studio, DnsType.SRV);
        await PushHarness.NextAsync(peer);
        await _push.SubscribeAsync(peer, 9, Studio, DnsType.TXT);
        await _push.Server.UpdateAsync([Records.Delete(service), Address(Studio, 2), new DnsRecord(Studio, 120, new TxtData("x"))]);
        _push.Tell();
        List<PushChange> changes = await PushHarness.NextAsync(peer);
        Assert.Equal(
            [PushChange.RemoveSet(Studio, DnsType.SRV, DnsClass.IN), PushChange.Add(Address(Studio, 2)), PushChange.Add(new DnsRecord(Studio, 120, new TxtData("x")))],
            changes.OrderBy(change => change.Kind != PushChangeKind.RemoveSet).ThenBy(change => change.Type == DnsType.TXT));
        Assert.Empty(peer.Sent);
    }

    [Fact]
    [Trait("rfc", "8765§6.3.1")]
    public async Task Changes_OfSeveralUpdatesMeanwhile_ComeAsTheDifference()
    {
        using FakePeer peer = await _push.ConnectAsync();
        await _push.SubscribeAsync(peer, 7, Studio, DnsType.AAAA);
        _push.TellsAtOnce = false;
        for (int i = 1; i <= 5; i++)
            await _push.Server.UpdateAsync([Records.Delete(Address(Studio, i - 1)), Address(Studio, i)]);
        await Eventually.HoldsAsync(() => _push.Server.Zone.Current.FindSet(Studio, DnsType.AAAA) is [var last] && last == Address(Studio, 5), "the last change is made");
        _push.Tell();
        Assert.Equal([PushChange.Add(Address(Studio, 5))], await PushHarness.NextAsync(peer));
        Assert.Empty(peer.Sent);
    }

    [Fact]
    [Trait("rfc", "8765§6.3.1")]
    public async Task Removals_AreNamedInTheShortestForm()
    {
        DnsRecord text = new(Studio, 120, new TxtData("x"));
        await _push.Server.AddAsync(Address(Studio, 1), Address(Studio, 2), Address(Studio, 3), text);
        using FakePeer peer = await _push.ConnectAsync();
        await _push.SubscribeAsync(peer, 7, Studio, DnsType.ANY);
        Assert.Equal(4, (await PushHarness.NextAsync(peer)).Count);

        await ChangeAsync(Records.Delete(Address(Studio, 1)));
        Assert.Equal([PushChange.Remove(Address(Studio, 1) with { Ttl = 0 })], await PushHarness.NextAsync(peer));
        await ChangeAsync(Records.Delete(Address(Studio, 2)), Records.Delete(Address(Studio, 3)));
        Assert.Equal([PushChange.RemoveSet(Studio, DnsType.AAAA, DnsClass.IN)], await PushHarness.NextAsync(peer));
        await ChangeAsync(Address(Studio, 4));
        await PushHarness.NextAsync(peer);
        await ChangeAsync(Records.Delete(Address(Studio, 4)), Records.Delete(text));
        Assert.Equal([PushChange.RemoveClass(Studio, DnsClass.IN)], await PushHarness.NextAsync(peer));
    }

    [Fact]
    [Trait("rfc", "8765§6.3.1")]
    public async Task Change_OfATtl_IsAnAddition()
    {
        await _push.Server.AddAsync(Address(Studio, 1));
        using FakePeer peer = await _push.ConnectAsync();
        await _push.SubscribeAsync(peer, 7, Studio, DnsType.AAAA);
        await PushHarness.NextAsync(peer);
        await ChangeAsync(Address(Studio, 1) with { Ttl = 60 });
        Assert.Equal([PushChange.Add(Address(Studio, 1) with { Ttl = 60 })], await PushHarness.NextAsync(peer));
    }

    [Fact]
    [Trait("rfc", "8765§6.3")]
    public async Task Change_ThatTwoSubscriptionsShare_IsToldOnce()
    {
        using FakePeer peer = await _push.ConnectAsync();
        await _push.SubscribeAsync(peer, 7, Studio, DnsType.AAAA);
        await _push.SubscribeAsync(peer, 8, Studio, DnsType.ANY);
        await ChangeAsync(Address(Studio, 1));
        Assert.Equal([PushChange.Add(Address(Studio, 1))], await PushHarness.NextAsync(peer));
        Assert.Empty(peer.Sent);
    }

    [Fact]
    [Trait("rfc", "8765§2")]
    public async Task Alias_IsToldToSubscribersOfAnyType()
    {
        DnsRecord alias = new(Studio, 120, new CnameData(_push.Server.Name("other")));
        using FakePeer peer = await _push.ConnectAsync();
        await _push.SubscribeAsync(peer, 7, Studio, DnsType.AAAA);
        await ChangeAsync(alias);
        Assert.Equal([PushChange.Add(alias)], await PushHarness.NextAsync(peer));
        await ChangeAsync(Records.Delete(alias), Address(Studio, 1));
        Assert.Equal([PushChange.RemoveSet(Studio, DnsType.CNAME, DnsClass.IN), PushChange.Add(Address(Studio, 1))], await PushHarness.NextAsync(peer));
    }

    [Fact]
    [Trait("rfc", "9664§7")]
    public async Task Lease_ThatEnds_IsToldAsARemoval()
    {
        await _push.Server.UpdateAsync([Address(Studio, 1)], lease: new UpdateLeaseOption(1800));
        using FakePeer peer = await _push.ConnectAsync();
        await _push.SubscribeAsync(peer, 7, Studio, DnsType.AAAA);
        await PushHarness.NextAsync(peer);
        _push.Server.Advance(TimeSpan.FromMinutes(31));
        _push.Tell();
        Assert.Equal([PushChange.RemoveSet(Studio, DnsType.AAAA, DnsClass.IN)], await PushHarness.NextAsync(peer));
    }

    [Fact]
    [Trait("rfc", "8765§6.3.1")]
    public async Task Set_LongerThanAMessage_ComesInSeveral()
    {
        DnsRecord[] many = [.. Enumerable.Range(0, 600).Select(i => new DnsRecord(Studio, 120, new TxtData(new string('x', 100) + i)))];
        foreach (DnsRecord[] some in many.Chunk(200))
            await _push.Server.AddAsync(some);
        using FakePeer peer = await _push.ConnectAsync();
        await _push.SubscribeAsync(peer, 7, Studio, DnsType.TXT);
        Assert.True(peer.Sent.Count >= 4);
        Assert.All(peer.Sent, message => Assert.InRange(message.Length, 100, PushMessageWriter.MaxSize));
        Assert.Equal(many.ToHashSet(), peer.Sent.SelectMany(PushHarness.Read).Select(change => change.Record!).ToHashSet());
    }

    [Fact]
    [Trait("rfc", "8765§6.4")]
    public async Task Unsubscribed_IsToldNoMore()
    {
        using FakePeer peer = await _push.ConnectAsync();
        await _push.SubscribeAsync(peer, 7, Studio, DnsType.AAAA);
        await _push.SendAsync(peer, PushMessages.Unsubscribe(7));
        Assert.Equal(0, _push.Table.Count);
        await ChangeAsync(Address(Studio, 1));
        Assert.Empty(peer.Sent);
        Assert.Equal(DnsRcode.NoError, await _push.SubscribeAsync(peer, 8, Studio, DnsType.AAAA));
    }

    [Fact]
    public async Task Connection_ThatEnds_TakesItsSubscriptionsWithIt()
    {
        using FakePeer peer = await _push.ConnectAsync();
        await _push.SubscribeAsync(peer, 7, Studio, DnsType.AAAA);
        peer.Close();
        Assert.Equal((0, 0), (_push.Table.Count, _push.Table.ConnectionCount));
        await ChangeAsync(Address(Studio, 1));
        Assert.Empty(peer.Sent);
    }

    [Fact]
    public async Task Client_ThatTakesNothing_HoldsUpNobodyAndIsToldTheDifferenceAfterwards()
    {
        using FakePeer slow = await _push.ConnectAsync();
        using FakePeer other = await _push.ConnectAsync();
        await _push.SubscribeAsync(slow, 7, Studio, DnsType.AAAA);
        await _push.SubscribeAsync(other, 7, Studio, DnsType.AAAA);
        slow.Stall();
        for (int i = 1; i <= 20; i++)
        {
            await ChangeAsync(Records.Delete(Address(Studio, i - 1)), Address(Studio, i));
            await PushHarness.NextAsync(other);
        }

        slow.GoOn();
        HashSet<DnsRecord> known = [];
        await Eventually.HoldsAsync(
            () =>
            {
                while (slow.Sent.TryDequeue(out byte[]? message))
                    Apply(known, PushHarness.Read(message));
                return known.SetEquals([Address(Studio, 20)]);
            },
            "it knows what there is");
        Assert.False(slow.IsAborted);
    }

    [Fact]
    public async Task Client_ThatTakesNothingForTooLong_IsCutOff()
    {
        using FakePeer slow = await _push.ConnectAsync();
        await _push.SubscribeAsync(slow, 7, Studio, DnsType.AAAA);
        slow.Stall();
        await ChangeAsync(Address(Studio, 1));
        slow.GiveUp();
        await Eventually.HoldsAsync(() => slow.IsAborted && _push.Table.Count == 0, "it is cut off");
    }

    [Fact]
    [Trait("rfc", "8490§6.5.1")]
    public async Task Client_ThatIsSilentForTwiceTheInterval_IsCutOff()
    {
        using FakePeer peer = await _push.ConnectAsync();
        await _push.SubscribeAsync(peer, 7, Studio, DnsType.AAAA);
        Assert.True(peer.IsHeldOpen);
        _push.Server.Advance(TimeSpan.FromMinutes(119));
        _push.Tell();
        Assert.False(peer.IsAborted);
        _push.Server.Advance(TimeSpan.FromMinutes(2));
        _push.Tell();
        Assert.True(peer.IsAborted);
        Assert.Equal(0, _push.Table.Count);
    }

    [Fact]
    [Trait("rfc", "8490§6.4.1")]
    public async Task Client_WithoutSubscriptions_IsCutOffAfterTwiceTheInactivityTimeout()
    {
        using FakePeer peer = await _push.ConnectAsync();
        _push.Server.Advance(TimeSpan.FromSeconds(29));
        _push.Tell();
        Assert.False(peer.IsAborted);
        _push.Server.Advance(TimeSpan.FromSeconds(2));
        _push.Tell();
        Assert.True(peer.IsAborted);
    }

    [Fact]
    [Trait("rfc", "8490§6.6.1")]
    public async Task Stop_AsksClientsToComeAgainOneAfterTheOther()
    {
        FakePeer[] peers = [await _push.ConnectAsync(), await _push.ConnectAsync(), await _push.ConnectAsync()];
        foreach (FakePeer peer in peers)
            await _push.SubscribeAsync(peer, 7, Studio, DnsType.AAAA);
        await _push.Table.EndAllAsync(CancellationToken.None);
        byte[][] last = [.. peers.Select(peer => Assert.Single(peer.Sent))];
        Assert.All(last, message => Assert.Equal((byte)DsoType.RetryDelay, message[13]));
        Assert.Equal(3, last.Select(Convert.ToHexString).Distinct().Count());

        // Nothing follows, whatever comes (§6.6.1.1).
        await ChangeAsync(Address(Studio, 1));
        await _push.SendAsync(peers[0], PushMessages.Subscribe(8, new DnsQuestion(Studio, DnsType.A)));
        await _push.SendAsync(peers[0], ServerHarness.Query(_push.Server.Apex, DnsType.SOA).ToArray());
        Assert.Single(peers[0].Sent);
        _push.Server.Advance(TimeSpan.FromSeconds(6));
        _push.Tell();
        Assert.All(peers, peer => Assert.True(peer.IsAborted));
    }

    [Fact]
    [Trait("rfc", "8490§5.4.6")]
    public async Task Session_CarriesOtherMessages()
    {
        using FakePeer peer = await _push.ConnectAsync();
        await _push.SendAsync(peer, _push.Server.Sign(ServerHarness.Query(_push.Server.Apex, DnsType.SOA) with { Id = 5 }));
        Assert.True(peer.Sent.TryDequeue(out byte[]? answer));
        Assert.True(DnsMessage.TryParse(answer, out DnsMessage? message));
        Assert.Equal((5, DnsRcode.NoError), (message.Id, message.Rcode));
    }

    [Fact]
    [Trait("rfc", "8490§7.1.2")]
    public async Task TcpKeepaliveOption_WithinASession_Aborts()
    {
        using FakePeer peer = await _push.ConnectAsync();
        await _push.SendAsync(peer, ServerHarness.Query(_push.Server.Apex, DnsType.SOA, new EdnsInfo(new UnknownOption(11, Array.Empty<byte>()))).ToArray());
        Assert.True(peer.IsAborted);
    }

    [Fact]
    [Trait("rfc", "8490§7.1")]
    public async Task Keepalive_IsGrantedWithinBounds()
    {
        using FakePeer peer = await _push.ConnectAsync();
        foreach ((TimeSpan? asked, int granted) in new (TimeSpan?, int)[] { (TimeSpan.FromSeconds(1), 20), (TimeSpan.FromSeconds(60), 60), (null, 3600) })
        {
            await _push.SendAsync(peer, DsoMessages.Keepalive(9, DsoTimeouts.From(TimeSpan.FromSeconds(5), asked), isResponse: false));
            Assert.True(peer.Sent.TryDequeue(out byte[]? answer));
            Assert.Equal(DsoMessages.Keepalive(9, DsoTimeouts.From(TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(granted)), isResponse: true), answer);
        }
    }

    public static TheoryData<string, byte[]> Fatal
    {
        get
        {
            var question = new DnsQuestion(DnsName.Parse("x.alice.members.example.net"), DnsType.A);
            byte[] response = PushMessages.Subscribe(9, question);
            response[2] |= 0x80;
            byte[] withCounts = PushMessages.Unsubscribe(7);
            withCounts[5] = 1;
            return new TheoryData<string, byte[]>
            {
                { "PUSH from a client", Convert.FromHexString("000030000000000000000000" + "0041000B" + "0000010001000000010000") },
                { "Retry Delay from a client", DsoMessages.RetryDelay(DnsRcode.NoError, TimeSpan.Zero) },
                { "response without request", response },
                { "request with id 0", PushMessages.Subscribe(0, question) },
                { "unidirectional with counts", withCounts },
                { "subscription that there is", PushMessages.Subscribe(9, new DnsQuestion(DnsName.Parse("STUDIO.alice.members.example.net"), DnsType.AAAA)) },
                { "id that there is", PushMessages.Subscribe(7, question) },
            };
        }
    }

    [Theory, MemberData(nameof(Fatal))]
    [Trait("rfc", "8765§1.2")]
    [Trait("rfc", "8490§5.3.1")]
    public async Task Message_ThatMustNotBe_AbortsTheConnection(string what, byte[] message)
    {
        using FakePeer peer = await _push.ConnectAsync();
        await _push.SubscribeAsync(peer, 7, Studio, DnsType.AAAA);
        await _push.SendAsync(peer, message);
        Assert.True(peer.IsAborted, what);
        Assert.Empty(peer.Sent);
        Assert.Equal(0, _push.Table.Count);
    }

    [Theory]
    [InlineData(1)] // an OPT record, or a TSIG
    [InlineData(2)]
    [Trait("rfc", "8490§5.4.6")]
    public async Task Request_WithOptOrTsig_IsAnsweredFormErr(int records)
    {
        using FakePeer peer = await _push.ConnectAsync();
        byte[] message = PushMessages.Subscribe(9, new DnsQuestion(Studio, DnsType.A));
        message[11] = (byte)records;
        await _push.SendAsync(peer, [.. message, .. new byte[11 * records]]);
        Assert.True(peer.Sent.TryDequeue(out byte[]? answer) && DnsHeader.TryRead(answer, out DnsHeader header) && header.Rcode == DnsRcode.FormErr);
        Assert.False(peer.IsAborted);
    }

    [Theory]
    [InlineData(DnsType.None)]
    [InlineData(DnsType.OPT)]
    [InlineData(DnsType.TSIG)]
    [InlineData(DnsType.AXFR)]
    public async Task Subscription_ToATypeWithoutRecords_IsAnsweredFormErr(DnsType type)
    {
        using FakePeer peer = await _push.ConnectAsync();
        Assert.Equal(DnsRcode.FormErr, await _push.SubscribeAsync(peer, 9, Studio, type));
    }

    [Fact]
    [Trait("rfc", "8765§6.2.2")]
    public async Task Subscription_OutsideOfOurZones_IsAnsweredNotAuth()
    {
        using FakePeer peer = await _push.ConnectAsync();
        Assert.Equal(DnsRcode.NotAuth, await _push.SubscribeAsync(peer, 9, DnsName.Parse("example.org"), DnsType.A));
        await _push.SendAsync(peer, PushMessages.Subscribe(10, new DnsQuestion(Studio, DnsType.A, DnsClass.CH)));
        Assert.True(peer.Sent.TryDequeue(out byte[]? answer));
        Assert.Equal(DsoMessages.Response(10, DnsRcode.NotAuth, TimeSpan.FromMinutes(5)), answer);
        Assert.Equal(0, _push.Table.Count);
    }

    [Fact]
    [Trait("rfc", "8765§6.5")]
    public async Task Reconfirm_IsCountedAndChangesNothing()
    {
        using FakePeer peer = await _push.ConnectAsync();
        await _push.SendAsync(peer, PushMessages.Reconfirm(Address(Studio, 1)));
        Assert.Empty(peer.Sent);
        Assert.False(peer.IsAborted);
        Assert.Equal(1, _push.Server.Metrics.Read(ServerCount.Reconfirmations));
    }

    [Fact]
    public async Task Change_ThatNobodyWatches_IsNotTold()
    {
        int signals = 0;
        var table = new Btmm.Server.Push.PushTable(_push.Zones, _push.Keys, new ZoneServiceLimits(), _push.Server.Clock, _push.Server.Metrics, () => signals++);
        _push.Server.Changed = table.OnChange;
        await _push.Server.AddAsync(Address(Studio, 1));
        Assert.Equal(0, signals);
    }

    private static void Apply(HashSet<DnsRecord> known, List<PushChange> changes)
    {
        foreach (PushChange change in changes)
        {
            known.RemoveWhere(change.Removes);
            if (change.Kind == PushChangeKind.Add)
                known.Add(change.Record!);
        }
    }

    private static DnsRecord Address(DnsName name, int number) => Records.Aaaa(name, $"fd00::{number + 1:x}");

    private async Task ChangeAsync(params DnsRecord[] updates)
    {
        Assert.Equal(DnsRcode.NoError, (await _push.Server.UpdateAsync(updates)).Rcode);
    }
}
