using System.Net;
using System.Net.Sockets;
using Btmm.Core.Diagnostics;
using Btmm.Core.SignOn;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Server.Storage;

namespace Btmm.Server.Tests;

public sealed class ZoneServiceTests
{
    [Fact]
    public async Task StartAndStop_Service_OpensAndClosesItsSockets()
    {
        using BtmmAccount account = TestZones.NewAccount();
        var service = new ZoneService(TestZones.Options(account) with { LongLivedQueryEndpoints = [new IPEndPoint(IPAddress.Loopback, 0)] });
        await service.StartAsync();
        IPEndPoint endpoint = Assert.Single(service.Endpoints);
        Assert.Single(service.LongLivedQueryEndpoints);
        ZoneServiceStatus status = service.GetStatus();
        Assert.True(status.IsRunning);
        Assert.Equal(account.Domain, Assert.Single(status.Zones).Apex);

        await service.DisposeAsync();
        Assert.False(service.GetStatus().IsRunning);
        await service.Completion.WaitAsync(TimeSpan.FromSeconds(30));
        using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        probe.Bind(endpoint);
    }

    [Fact]
    public async Task Start_PortInUse_SaysSo()
    {
        using BtmmAccount account = TestZones.NewAccount();
        await using var one = new ZoneService(TestZones.Options(account));
        await one.StartAsync();
        await using var two = new ZoneService(TestZones.Options(account) with { Endpoints = one.Endpoints });
        BtmmException error = await Assert.ThrowsAsync<BtmmException>(() => two.StartAsync());
        Assert.Equal(BtmmErrorReason.ResourceBusy, error.Reason);
    }

    [Fact]
    public void Constructor_BadOptions_AreRefused()
    {
        using BtmmAccount account = TestZones.NewAccount();
        using BtmmAccount other = TestZones.NewAccount();
        ZoneServiceOptions good = TestZones.Options(account);
        foreach (ZoneServiceOptions bad in new[]
                 {
                     good with { Endpoints = [] },
                     good with { Zones = [] },
                     TestZones.Options(account, account),
                     TestZones.Options(account, other),
                     good with { Zones = [good.Zones[0] with { ServerLabel = "a.b" }] },
                     good with { Zones = [good.Zones[0] with { ServerLabel = "" }] },
                     good with { Zones = [good.Zones[0] with { Apex = DnsName.Root }] },
                     good with { Zones = [good.Zones[0] with { Apex = DnsName.Parse(string.Join('.', Enumerable.Repeat("abcdefghi", 21))) }] },
                     good with { Zones = [good.Zones[0] with { Keys = [new ZoneKey(account.UpdateKey, account.Domain.Parent)] }] },
                 })
        {
            Assert.Equal(BtmmErrorReason.InvalidValue, Assert.Throws<BtmmException>(() => new ZoneService(bad)).Reason);
        }
    }

    [Fact]
    public async Task Query_OverIpv6_IsAnsweredAndTheAddressIsPublished()
    {
        Assert.SkipUnless(Socket.OSSupportsIPv6, "IPv6 is not available.");
        using BtmmAccount account = TestZones.NewAccount();
        await using var service = new ZoneService(TestZones.Options(account) with { Endpoints = [new IPEndPoint(IPAddress.IPv6Loopback, 0)] });
        await service.StartAsync();
        using var socket = new Socket(AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(service.Endpoints[0]);
        await socket.SendAsync((ServerHarness.Query(account.Domain.Prepend("ns"), DnsType.AAAA) with { Id = 6 }).ToArray());
        byte[] buffer = new byte[512];
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        int length = await socket.ReceiveAsync(buffer, patience.Token);
        Assert.True(DnsMessage.TryParse(buffer.AsSpan(0, length), out DnsMessage? reply));
        Assert.Equal(new AaaaData(IPAddress.IPv6Loopback), Assert.Single(reply.Answers).Data);
    }

    [Fact]
    public async Task Start_AfterStop_IsRefused()
    {
        using BtmmAccount account = TestZones.NewAccount();
        await using var service = new ZoneService(TestZones.Options(account));
        await service.StartAsync();
        await service.StopAsync();
        await service.Completion.WaitAsync(TimeSpan.FromSeconds(30));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => service.StartAsync());
    }

    [Fact]
    public async Task Restart_WithTheSameStore_KeepsTheZone()
    {
        using BtmmAccount account = TestZones.NewAccount();
        var store = new MemoryZoneStore();
        uint serial;
        await using (var first = new ZoneService(TestZones.Options(account) with { Store = store }))
        {
            await first.StartAsync();
            serial = first.GetStatus().Zones[0].Serial;
        }

        await using var second = new ZoneService(TestZones.Options(account) with { Store = store });
        await second.StartAsync();
        Assert.InRange(second.GetStatus().Zones[0].Serial, serial, serial + 1);
    }
}
