using System.Net;
using System.Net.Sockets;
using Btmm.Core.Diagnostics;
using Btmm.Core.SignOn;

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
                     good with { Zones = [good.Zones[0] with { Keys = [new ZoneKey(account.UpdateKey, account.Domain.Parent)] }] },
                 })
        {
            Assert.Equal(BtmmErrorReason.InvalidValue, Assert.Throws<BtmmException>(() => new ZoneService(bad)).Reason);
        }
    }
}
