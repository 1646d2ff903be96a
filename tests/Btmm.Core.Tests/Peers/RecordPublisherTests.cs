using System.Net;
using Btmm.Core.Peers;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Protocol.Identity;

namespace Btmm.Core.Tests.Peers;

public sealed class RecordPublisherTests : IAsyncLifetime
{
    private static readonly IPAddress s_identifier = IPAddress.Parse("fd12:3456:789a:bcde:211:22ff:fe33:4455");
    private static readonly IPEndPoint s_home = IPEndPoint.Parse("203.0.113.10:40001");
    private static readonly IPEndPoint s_cafe = IPEndPoint.Parse("198.51.100.20:40002");
    private readonly FakeClock _clock = new();
    private readonly FakeZone _zone = new();
    private readonly RecordPublisher _publisher;
    private readonly HostRecords _records;

    public RecordPublisherTests()
    {
        Eui64.TryParse("02-11-22-FF-FE-33-44-55", out Eui64 eui64);
        Assert.True(AutoTunnelNames.TryCreate(DnsName.Parse("alice.members.example.net"), "studio", eui64, out AutoTunnelNames? names));
        _records = new HostRecords(names, s_identifier, DeviceInfo.Empty);
        _publisher = new RecordPublisher(_zone, _records, new RecordPublisherOptions(), _clock);
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _publisher.DisposeAsync();

    [Fact]
    [Trait("rfc", "6281§5.2")]
    public void Publish_Endpoint_IsOneUpdateWithAllRecords()
    {
        IReadOnlyList<DnsRecord> updates = _records.Publish(s_home);
        const string Host = "studio.alice.members.example.net";
        const string Target = "AutoTunnel-02-11-22-FF-FE-33-44-55.alice.members.example.net";
        Assert.Equal(5, updates.Count(record => record.Class == DnsClass.ANY));
        Assert.Contains(updates, r => r.Name == DnsName.Parse(Host) && r.Data is AaaaData { Address: var a } && a.Equals(s_identifier));
        Assert.Contains(updates, r => r.Name == DnsName.Parse(Target) && r.Data is AaaaData { Address: var a } && a.Equals(s_identifier));
        Assert.Contains(updates, r => r.Name == DnsName.Parse(Target) && r.Data is AData { Address: var a } && a.Equals(s_home.Address));
        Assert.Contains(updates, r => r.Name == DnsName.Parse(Target) && r.Data is TxtData);
        Assert.Contains(updates, r => r.Name == DnsName.Parse("_autotunnel._udp." + Host)
            && r.Data is SrvData { Priority: 0, Weight: 0, Port: 40001, Target: var t } && t == DnsName.Parse(Target));
        Assert.Contains(updates, r => r.Name == DnsName.Parse("_autotunnel._udp.alice.members.example.net")
            && r.Class == DnsClass.IN && r.Data is PtrData { Target: var t } && t == DnsName.Parse("_autotunnel._udp." + Host));
        Assert.DoesNotContain(updates, r => r.Name == DnsName.Parse(Host) && r.Type == DnsType.A);
    }

    [Fact]
    public void Publish_NoEndpoint_WithdrawsSrvAndAddressOnly()
    {
        IReadOnlyList<DnsRecord> updates = _records.Publish(null);
        Assert.DoesNotContain(updates, r => r.Class == DnsClass.IN && r.Type is DnsType.SRV or DnsType.A && r.Class != DnsClass.ANY);
        Assert.Contains(updates, r => r.Class == DnsClass.ANY && r.Type == DnsType.SRV);
        Assert.Contains(updates, r => r.Class == DnsClass.ANY && r.Type == DnsType.A);
        Assert.Contains(updates, r => r.Class == DnsClass.IN && r.Type == DnsType.AAAA);
        Assert.Contains(updates, r => r.Class == DnsClass.IN && r.Type == DnsType.PTR);
    }

    [Fact]
    [Trait("rfc", "9664§5")]
    public async Task Renewal_AfterEightyToEightyFivePercentOfGrantedLease()
    {
        _zone.GrantedLease = TimeSpan.FromMinutes(30);
        _publisher.Start();
        _publisher.SetEndpoint(s_home);
        (_, TimeSpan? asked) = await _zone.NextAsync(_clock);
        Assert.Equal(TimeSpan.FromMinutes(90), asked);
        await WaitForAsync(PublicationKind.Published, s_home);
        await _zone.NextAsync(_clock);
        await WaitForAsync(PublicationKind.Published, s_home);
        Assert.True(_publisher.Current.IsRenewal);
        TimeSpan wait = _clock.Waits.First(time => time > TimeSpan.FromMinutes(1));
        Assert.InRange(wait, TimeSpan.FromMinutes(24), TimeSpan.FromMinutes(25.5));
    }

    [Fact]
    public async Task SetEndpoint_Changed_IsPublishedAtOnceAndBurstIsCoalesced()
    {
        _publisher.Start();
        _publisher.SetEndpoint(s_home);
        await _zone.NextAsync(_clock);
        await WaitForAsync(PublicationKind.Published, s_home);
        _publisher.SetEndpoint(null);
        _publisher.SetEndpoint(s_cafe);
        _publisher.SetEndpoint(s_cafe);
        await _zone.NextAsync(_clock);
        await WaitForAsync(PublicationKind.Published, s_cafe);
        await _clock.RunAsync(TimeSpan.FromSeconds(30));
        Assert.False(_zone.HasMore);
    }

    [Fact]
    public async Task SetEndpoint_WhileAttemptHangs_StartsAfresh()
    {
        _zone.Hangs = true;
        _publisher.Start();
        _publisher.SetEndpoint(s_home);
        await _zone.NextAsync(_clock);
        _zone.Hangs = false;
        _publisher.SetEndpoint(s_cafe);
        (IReadOnlyList<DnsRecord> updates, _) = await _zone.NextAsync(_clock);
        Assert.Contains(updates, r => r.Data is AData { Address: var a } && a.Equals(s_cafe.Address));
        await WaitForAsync(PublicationKind.Published, s_cafe);
    }

    [Fact]
    public async Task ZoneDown_RetriesWithGrowingWaitsAndRecovers()
    {
        _zone.Failure = FakeZone.Down;
        _publisher.Start();
        _publisher.SetEndpoint(s_home);
        const int Attempts = 9;
        for (int i = 0; i < Attempts; i++) await _zone.NextAsync(_clock);
        TimeSpan[] waits = [.. _clock.Waits.Where(time => time > TimeSpan.FromMilliseconds(500))];
        Assert.InRange(waits[0].TotalSeconds, 0.8, 1.2);
        Assert.InRange(waits[3].TotalSeconds, 6.4, 9.6);
        Assert.InRange(waits[7].TotalSeconds, 48, 72);
        Assert.Equal(PublicationKind.Failed, _publisher.Current.Kind);
        _zone.Failure = null;
        _publisher.NetworkChanged();
        await _zone.NextAsync(_clock);
        await WaitForAsync(PublicationKind.Published, s_home);
        Assert.Equal(1, _zone.NetworkChanges);
    }

    [Fact]
    public async Task RecordsLost_AfterPublication_RegistersAgain()
    {
        _publisher.Start();
        _publisher.RecordsLost();
        _publisher.SetEndpoint(s_home);
        await _zone.NextAsync(_clock);
        await WaitForAsync(PublicationKind.Published, s_home);
        _publisher.RecordsLost();
        await _zone.NextAsync(_clock);
    }

    [Fact]
    public async Task Withdraw_Published_DeletesEverythingOnce()
    {
        _publisher.Start();
        _publisher.SetEndpoint(s_home);
        await _zone.NextAsync(_clock);
        await WaitForAsync(PublicationKind.Published, s_home);
        Task<bool> withdrawal = _publisher.WithdrawAsync(CancellationToken.None);
        (IReadOnlyList<DnsRecord> updates, TimeSpan? lease) = await _zone.NextAsync(_clock);
        Assert.True(await withdrawal);
        Assert.Null(lease);
        Assert.All(updates, r => Assert.True(r.Class is DnsClass.ANY or DnsClass.NONE));
        Assert.Contains(updates, r => r.Class == DnsClass.NONE && r.Data is PtrData);
        Assert.Equal(PublicationKind.Withdrawn, _publisher.Current.Kind);
        Assert.True(await _publisher.WithdrawAsync(CancellationToken.None));
        Assert.False(_zone.HasMore);
    }

    [Fact]
    public async Task Withdraw_ZoneSilent_EndsInBoundedTime()
    {
        _publisher.Start();
        _publisher.SetEndpoint(s_home);
        await _zone.NextAsync(_clock);
        await WaitForAsync(PublicationKind.Published, s_home);
        _zone.Hangs = true;
        Assert.False(await _clock.RunUntilAsync(_publisher.WithdrawAsync(CancellationToken.None)));
        Assert.Contains(TimeSpan.FromSeconds(3), _clock.Waits);
    }

    private async Task WaitForAsync(PublicationKind kind, IPEndPoint? endpoint)
    {
        while (true)
        {
            PublicationState state = await _clock.RunUntilAsync(_publisher.States.ReadAsync().AsTask());
            if (state.Kind == kind && Equals(state.Endpoint, endpoint)) return;
        }
    }
}
