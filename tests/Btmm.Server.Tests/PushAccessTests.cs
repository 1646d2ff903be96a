using System.Net;
using System.Security.Cryptography;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Protocol.Dns.Dso;
using Btmm.Protocol.Dns.Push;
using Btmm.Protocol.Dns.Tsig;

namespace Btmm.Server.Tests;

/// <summary>Who may subscribe, how keys are proven, and how much one client may have.</summary>
public sealed class PushAccessTests : IDisposable
{
    private readonly PushHarness _push = new();

    private DnsName Studio => _push.Server.Name("studio");

    public void Dispose() => _push.Dispose();

    [Fact]
    public async Task Subscription_WithoutAKey_IsRefusedWhetherTheNameExistsOrNot()
    {
        await _push.Server.AddAsync(new DnsRecord(Studio, 120, new AData(IPAddress.Loopback)));
        using var peer = new FakePeer();
        Assert.Equal(DnsRcode.Refused, await _push.SubscribeAsync(peer, 1, Studio, DnsType.A));
        Assert.Equal(DnsRcode.Refused, await _push.SubscribeAsync(peer, 2, _push.Server.Name("nobody"), DnsType.A));
        Assert.Empty(peer.Sent);
        Assert.False(peer.IsHeldOpen);
    }

    [Fact]
    public async Task Subscription_ToWhereTheServiceIs_IsForEverybody()
    {
        using var peer = new FakePeer();
        Assert.Equal(DnsRcode.NoError, await _push.SubscribeAsync(peer, 1, _push.Server.Name("_dns-llq._udp"), DnsType.SRV));
        Assert.Single(await PushHarness.NextAsync(peer));
        Assert.Equal(DnsRcode.Refused, await _push.SubscribeAsync(peer, 2, _push.Server.Apex, DnsType.ANY));
    }

    [Fact]
    public async Task Proof_ForThisServer_OpensTheZoneForTheConnectionOnly()
    {
        using var peer = new FakePeer();
        using var other = new FakePeer();
        Assert.Equal(DnsRcode.NoError, (await _push.ProveAsync(peer, _push.Server.Key)).Rcode);
        Assert.Equal(DnsRcode.NoError, await _push.SubscribeAsync(peer, 1, Studio, DnsType.A));
        Assert.Equal(DnsRcode.Refused, await _push.SubscribeAsync(other, 1, Studio, DnsType.A));
    }

    [Fact]
    public async Task Proof_ForAnotherServersCertificate_ProvesNothing()
    {
        using var peer = new FakePeer();
        DnsMessage answer = await _push.ProveAsync(peer, _push.Server.Key, SHA256.HashData("another certificate"u8));
        Assert.Equal(DnsRcode.Refused, answer.Rcode);
        Assert.NotNull(answer.Tsig);
        Assert.Equal(DnsRcode.Refused, await _push.SubscribeAsync(peer, 1, Studio, DnsType.A));
    }

    [Fact]
    public async Task Proof_UsedAgainOnAnotherConnection_ProvesNothing()
    {
        using var peer = new FakePeer();
        using var thief = new FakePeer();
        byte[] proof = _push.Sign(_push.Proof(peer.CertificateHash), _push.Server.Key);
        await _push.SendAsync(peer, proof);
        await _push.SendAsync(thief, proof);
        Assert.Equal(DnsRcode.NoError, RcodeOf(peer));
        Assert.Equal(DnsRcode.Refused, RcodeOf(thief));
        Assert.Equal(DnsRcode.Refused, await _push.SubscribeAsync(thief, 1, Studio, DnsType.A));
    }

    [Fact]
    public async Task Proof_OutOfDate_ProvesNothing()
    {
        using var peer = new FakePeer();
        byte[] proof = _push.Sign(_push.Proof(peer.CertificateHash), _push.Server.Key);
        _push.Server.Advance(TimeSpan.FromMinutes(6));
        await _push.SendAsync(peer, proof);
        Assert.Equal(DnsRcode.NotAuth, RcodeOf(peer));
        Assert.Equal(DnsRcode.Refused, await _push.SubscribeAsync(peer, 1, Studio, DnsType.A));
    }

    [Fact]
    public async Task Proof_UnsignedOrByAStrangersKey_ProvesNothing()
    {
        using var peer = new FakePeer();
        await _push.SendAsync(peer, _push.Proof(peer.CertificateHash).ToArray());
        Assert.Equal(DnsRcode.Refused, RcodeOf(peer));
        using TsigKey stranger = new(_push.Server.Key.Name, _push.Server.Key.Algorithm, new byte[32]);
        Assert.Equal(DnsRcode.NotAuth, (await _push.ProveAsync(peer, stranger)).Rcode);
        Assert.Equal(DnsRcode.Refused, await _push.SubscribeAsync(peer, 1, Studio, DnsType.A));
    }

    [Fact]
    public async Task OrdinarySignedQuery_ProvesNothing()
    {
        using var peer = new FakePeer();
        await _push.SendAsync(peer, _push.Server.Sign(ServerHarness.Query(Studio, DnsType.A)));
        peer.Sent.Clear();
        Assert.Equal(DnsRcode.Refused, await _push.SubscribeAsync(peer, 1, Studio, DnsType.A));
    }

    [Fact]
    [Trait("rfc", "8765§5")]
    public async Task Dso_WithoutTls_IsNotImplemented()
    {
        using var peer = new FakePeer(isTls: false);
        await _push.SendAsync(peer, DsoMessages.Keepalive(3, DsoTimeouts.Default, isResponse: false));
        Assert.Equal(DnsRcode.NotImp, RcodeOf(peer));
        Assert.Equal(0, _push.Table.ConnectionCount);
        byte[]? answer = await _push.Server.SendAsync(DsoMessages.Keepalive(3, DsoTimeouts.Default, isResponse: false));
        Assert.True(DnsHeader.TryRead(answer, out DnsHeader header) && header.Rcode == DnsRcode.NotImp);
        Assert.Null(await _push.Server.SendAsync(PushMessages.Unsubscribe(1)));
    }

    [Fact]
    public async Task KeyOfASubdomain_WatchesItsScopeOnly()
    {
        using TsigKey key = new(DnsName.Parse("studio-key"), _push.Server.Key.Algorithm, RandomNumberGenerator.GetBytes(32));
        using var push = new PushHarness(extraKeys: [new ZoneKey(key, Studio)]);
        using FakePeer peer = await push.ConnectAsync(key);
        Assert.Equal(DnsRcode.NoError, await push.SubscribeAsync(peer, 2, push.Server.Name("a.studio"), DnsType.A));
        Assert.Equal(DnsRcode.Refused, await push.SubscribeAsync(peer, 3, push.Server.Name("laptop"), DnsType.A));
    }

    [Fact]
    [Trait("rfc", "8490§5.6")]
    public async Task Zone_ThatIsTakenAway_EndsItsSubscriptionsButNotTheSession()
    {
        using FakePeer peer = await _push.ConnectAsync();
        await _push.SubscribeAsync(peer, 7, Studio, DnsType.A);
        _push.Zones.Replace([]);
        _push.Table.Review();
        await Btmm.TestKit.Eventually.HoldsAsync(() => !peer.Sent.IsEmpty, "the end is told");
        Assert.True(peer.Sent.TryDequeue(out byte[]? end));
        Assert.Equal(DsoMessages.Response(7, DnsRcode.NotAuth, TimeSpan.FromMinutes(5)), end);
        Assert.Equal(0, _push.Table.Count);
        Assert.False(peer.IsAborted);
    }

    [Fact]
    [Trait("rfc", "8490§5.6")]
    public async Task Key_WhoseRightsAreTakenAway_LosesItsSubscriptions()
    {
        using FakePeer peer = await _push.ConnectAsync();
        await _push.SubscribeAsync(peer, 7, Studio, DnsType.A);
        _push.Server.Zone.Configure(_push.Server.Zone.Options with { Keys = [] });
        _push.Table.Review();
        await Btmm.TestKit.Eventually.HoldsAsync(() => !peer.Sent.IsEmpty, "the end is told");
        Assert.Equal(DnsRcode.Refused, RcodeOf(peer));
        Assert.Equal(DnsRcode.Refused, await _push.SubscribeAsync(peer, 8, Studio, DnsType.A));
    }

    [Theory]
    [InlineData(4, 100, 100, 100)]
    [InlineData(100, 4, 100, 100)]
    [InlineData(100, 100, 4, 100)]
    [InlineData(100, 100, 100, 4)]
    public async Task Subscriptions_BeyondALimit_AreTurnedAwayAndTheOthersStay(int perConnection, int perClient, int perKey, int all)
    {
        using var push = new PushHarness(new ZoneServiceLimits
        {
            MaxPushSubscriptionsPerConnection = perConnection,
            MaxPushSubscriptionsPerClient = perClient,
            MaxPushSubscriptionsPerKey = perKey,
            MaxPushSubscriptions = all,
        });
        using FakePeer peer = await push.ConnectAsync();
        for (ushort id = 10; id < 14; id++)
            Assert.Equal(DnsRcode.NoError, await push.SubscribeAsync(peer, id, push.Server.Name($"h{id}"), DnsType.A));
        await push.SendAsync(peer, PushMessages.Subscribe(20, new DnsQuestion(push.Server.Name("more"), DnsType.A)));
        Assert.True(peer.Sent.TryDequeue(out byte[]? refusal));
        Assert.Equal(DsoMessages.Response(20, DnsRcode.ServFail, TimeSpan.FromMinutes(1)), refusal);
        Assert.Equal(4, push.Table.Count);
        await push.SendAsync(peer, PushMessages.Unsubscribe(10));
        Assert.Equal(DnsRcode.NoError, await push.SubscribeAsync(peer, 21, push.Server.Name("more"), DnsType.A));
    }

    [Fact]
    public async Task Subscriptions_InAFlood_LeaveNothingBehind()
    {
        using FakePeer peer = await _push.ConnectAsync();
        for (int i = 0; i < 20_000; i++)
        {
            await _push.SendAsync(peer, PushMessages.Subscribe((ushort)(i % 5000 + 10), new DnsQuestion(_push.Server.Name($"h{i}"), DnsType.A)));
            await _push.SendAsync(peer, PushMessages.Unsubscribe((ushort)(i % 5000 + 10)));
        }

        Assert.Equal(0, _push.Table.Count);
        peer.Close();
        Assert.Equal(0, _push.Table.ConnectionCount);
    }

    private static DnsRcode RcodeOf(FakePeer peer)
    {
        Assert.True(peer.Sent.TryDequeue(out byte[]? answer));
        Assert.True(DnsHeader.TryRead(answer, out DnsHeader header));
        return header.Rcode;
    }
}
