using System.Net;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal;
using Btmm.Core.NatTraversal.NatPmp;
using Btmm.Core.NatTraversal.Pcp;
using Btmm.Protocol.NatTraversal.Pcp;
using Btmm.TestKit;

namespace Btmm.Core.Tests.NatTraversal.Pcp;

/// <summary>PCP on the wire: versions, silence, forgers, loss, announcements and mapping updates.</summary>
public sealed class PcpWireTests : IAsyncDisposable
{
    private readonly PcpFixture _net = new();

    public ValueTask DisposeAsync() => _net.DisposeAsync();

    [Fact]
    [Trait("rfc", "6887§A")]
    public async Task Query_GatewayOfNatPmpAlone_SaysSoAtTheFirstAnswer()
    {
        _net.Gateway.Protocols = FakeGatewayProtocols.NatPmp;
        BtmmException e = await _net.FailAsync(_net.QueryAsync(ExchangeEffort.Thorough));
        Assert.Equal(BtmmErrorReason.PortMappingUnsupported, e.Reason);
        Assert.Equal(PortMappingMethod.NatPmp, e.SpokenInstead);
        Assert.Equal(TimeSpan.Zero, _net.Clock.Elapsed);
        Assert.Single(_net.Gateway.Log);
    }

    [Theory]
    [Trait("rfc", "6887§9")]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Query_GatewayOfAnotherVersion_UnsupportedWithoutALoop(byte version)
    {
        _net.Gateway.Quirks = new FakeGatewayQuirks { PcpUnsupportedVersion = version };
        BtmmException e = await _net.FailAsync(_net.QueryAsync(ExchangeEffort.Thorough));
        Assert.Equal(BtmmErrorReason.PortMappingUnsupported, e.Reason);
        Assert.Null(e.SpokenInstead);
        Assert.Equal(TimeSpan.FromMinutes(30), e.RetryAfter);
        Assert.Single(_net.Gateway.PcpRequests);
        _net.Gateway.Quirks = _net.Gateway.Quirks with { PcpErrorLifetime = 60 };
        Assert.Equal(TimeSpan.FromMinutes(1), (await _net.FailAsync(_net.QueryAsync())).RetryAfter); // Whichever is smaller.
    }

    [Fact]
    public async Task Query_EachVersionSendsToTheOther_BothUnsupportedWithoutALoop()
    {
        _net.Gateway.Quirks = new FakeGatewayQuirks { SendsFromVersionToVersion = true };
        await using NatPmpPortMapper natPmp = new(_net.Route, _net.Services);
        Assert.Equal(BtmmErrorReason.PortMappingUnsupported, (await _net.FailAsync(_net.QueryAsync())).Reason);
        Task<GatewayAnswer> other = natPmp.QueryAsync(ExchangeEffort.Brisk, CancellationToken.None);
        Assert.Equal(BtmmErrorReason.PortMappingUnsupported, (await _net.FailAsync(other)).Reason);
        Assert.Equal(2, _net.Gateway.Log.Count);
    }

    [Fact]
    public async Task Query_PortClosed_UnsupportedAtOnce()
    {
        await _net.Gateway.CloseAsync();
        Assert.Equal(BtmmErrorReason.PortMappingUnsupported, (await _net.FailAsync(_net.QueryAsync(ExchangeEffort.Thorough))).Reason);
        Assert.True(_net.Clock.Elapsed < TimeSpan.FromSeconds(1), $"{_net.Clock.Elapsed}");
        _net.Gateway.Open();
        await _net.QueryAsync();
    }

    [Theory]
    [InlineData(ExchangeEffort.Brief, BtmmErrorReason.Timeout, 3, 3)]
    [InlineData(ExchangeEffort.Brisk, BtmmErrorReason.Timeout, 8, 12)]
    [InlineData(ExchangeEffort.Thorough, BtmmErrorReason.PortMappingUnsupported, 12, 200)] // 98.5 s, and chance upon chance (§8.1.1)
    public async Task Query_Silence_EndsByTheEffort(ExchangeEffort effort, BtmmErrorReason reason, int requests, int seconds)
    {
        _net.Gateway.Quirks = new FakeGatewayQuirks { Silent = true };
        Assert.Equal(reason, (await _net.FailAsync(_net.QueryAsync(effort))).Reason);
        Assert.Equal(requests, _net.Gateway.PcpRequests.Count);
        Assert.True(_net.Clock.Elapsed < TimeSpan.FromSeconds(seconds), $"{_net.Clock.Elapsed}");
    }

    [Fact]
    [Trait("rfc", "6887§8.3")]
    public async Task Map_AnswerFromAnotherPort_IsTaken()
    {
        _net.Gateway.Quirks = new FakeGatewayQuirks { AnswerPort = 1026 };
        Assert.Equal(4500, (await _net.MapAsync()).ExternalPort);
    }

    [Fact]
    public async Task Map_ForgedAnswers_AreNotTaken()
    {
        foreach (FakeGatewayQuirks quirks in new[]
        {
            new FakeGatewayQuirks { AnswerAddress = IPAddress.Parse("192.168.1.66") },
            new FakeGatewayQuirks { PcpWrongNonce = true },
            new FakeGatewayQuirks { PcpWrongPort = 4501 },
            new FakeGatewayQuirks { PcpWrongProtocol = 6 },
            new FakeGatewayQuirks { PcpWrongOpcode = 0 },
        })
        {
            _net.Gateway.Quirks = quirks;
            Assert.Equal(BtmmErrorReason.Timeout, (await _net.FailAsync(_net.MapAsync(effort: ExchangeEffort.Brief))).Reason);
        }

        _net.Gateway.Quirks = new FakeGatewayQuirks();
        Assert.Equal(4500, (await _net.MapAsync()).ExternalPort);
    }

    [Fact]
    public async Task Map_BadWire_StillGetsThrough()
    {
        _net.Wire.Conditions = new WireConditions
        {
            Loss = 0.3, Duplication = 0.3, Reordering = 0.3, Latency = TimeSpan.FromMilliseconds(30),
        };
        for (int port = 5000; port < 5010; port++)
        {
            PortMapping mapping = await _net.MapAsync(
                PcpFixture.Request with { InternalPort = port, SuggestedExternalPort = port }, ExchangeEffort.Thorough);
            Assert.Equal(port, mapping.ExternalPort);
            await _net.RunAsync(_net.Mapper.DeleteAsync(mapping, ExchangeEffort.Thorough, CancellationToken.None));
        }

        Assert.Empty(_net.Gateway.Mappings);
    }

    [Fact]
    public async Task Map_Cancelled_EndsAndWorksAgain()
    {
        _net.Gateway.Quirks = new FakeGatewayQuirks { Silent = true };
        using CancellationTokenSource user = new();
        Task<PortMapping> pending = _net.Mapper.MapAsync(PcpFixture.Request, ExchangeEffort.Thorough, user.Token);
        await FakeClock.SettleAsync();
        await user.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pending);
        _net.Gateway.Quirks = new FakeGatewayQuirks();
        Assert.Equal(4500, (await _net.MapAsync()).ExternalPort);
    }

    [Fact]
    [Trait("rfc", "6887§14.1.3")]
    public async Task Announcements_OfTheGateway_AreHeardOnBothFamilies()
    {
        await using PcpFixture six = new(ipv6: true);
        foreach (PcpFixture net in new[] { _net, six })
        {
            await net.QueryAsync();
            net.Gateway.Announce();
            await FakeClock.SettleAsync();
            Assert.Equal(new GatewayAnnouncement(false), Heard(net));
            net.Gateway.Reboot(announce: true);
            await FakeClock.SettleAsync();
            Assert.Equal(new GatewayAnnouncement(true), Heard(net));
        }
    }

    [Fact]
    public async Task Announcements_OfOthers_AreNotHeard()
    {
        byte[] announcement = Convert.FromHexString("028000000000000000000001" + new string('0', 24));
        _net.Wire.Inject("192.168.1.66:5351", "224.0.0.1:5350", announcement);
        await FakeClock.SettleAsync();
        Assert.False(_net.Mapper.Announcements.TryRead(out _));
        _net.Wire.Inject("192.168.1.1:5351", "224.0.0.1:5350", announcement);
        await FakeClock.SettleAsync();
        Assert.True(_net.Mapper.Announcements.TryRead(out _));
    }

    [Fact]
    [Trait("rfc", "6887§14.2")]
    public async Task MappingUpdate_OfAHeldMapping_IsAReasonToLook()
    {
        PortMapping mapping = await _net.MapAsync();
        Assert.NotNull(mapping.Nonce);
        PcpMap map = new(mapping.Nonce.Value, PcpMap.Udp, 4500, 4500, IPAddress.Parse("203.0.113.10"));
        await UpdateAsync("192.168.1.1", map);                                                                   // a late answer
        await UpdateAsync("192.168.1.1", map with { Nonce = PcpNonce.Create(SystemRandomSource.Instance), ExternalPort = 7 }); // forged
        await UpdateAsync("192.168.1.66", map with { ExternalPort = 7 });                                         // from elsewhere
        Assert.False(_net.Mapper.Announcements.TryRead(out _));
        await UpdateAsync("192.168.1.1", map with { ExternalAddress = IPAddress.Parse("203.0.113.77") });
        Assert.Equal(new GatewayAnnouncement(false), Heard(_net));
        await UpdateAsync("192.168.1.1", map, PcpResult.NotAuthorized);
        Assert.Equal(new GatewayAnnouncement(false), Heard(_net));
        await UpdateAsync("192.168.1.1", map with { ExternalPort = 4501 }, epoch: 1);
        Assert.Equal(new GatewayAnnouncement(true), Heard(_net));
    }

    [Fact]
    public async Task Pinhole_OverIPv6_IsForTheOwnAddressAndCanBeDeleted()
    {
        await using PcpFixture net = new(FakeGatewayProtocols.Pcp, ipv6: true);
        IPAddress own = IPAddress.Parse("2001:db8:7::100");
        PortMapping mapping = await net.MapAsync();
        Assert.Equal((own, 4500), (mapping.ExternalAddress, mapping.ExternalPort));
        FakePcpRequest request = Assert.Single(net.Gateway.PcpRequests);
        Assert.Equal((own, own), (request.ClientAddress, request.SuggestedExternalAddress));
        Assert.Equal(own, Assert.Single(net.Gateway.Mappings).Client);
        await net.RunAsync(net.Mapper.DeleteAsync(mapping, ExchangeEffort.Brief, CancellationToken.None));
        Assert.Empty(net.Gateway.Mappings);
        Assert.Equal(IPAddress.IPv6Any, net.Gateway.PcpRequests[^1].SuggestedExternalAddress);
    }

    [Fact]
    public async Task Mapper_OwnAddressGone_Unreachable()
    {
        GatewayRoute stale = _net.Route with { LocalAddress = IPAddress.Parse("192.168.1.99") };
        await using PcpPortMapper mapper = new(stale, _net.Services);
        BtmmException e = await _net.FailAsync(mapper.QueryAsync(ExchangeEffort.Brisk, CancellationToken.None));
        Assert.Equal(BtmmErrorReason.Unreachable, e.Reason);
    }

    private static GatewayAnnouncement? Heard(PcpFixture net)
    {
        GatewayAnnouncement? last = null;
        while (net.Mapper.Announcements.TryRead(out GatewayAnnouncement announcement)) last = announcement;
        return last;
    }

    private async Task UpdateAsync(string from, PcpMap map, PcpResult result = PcpResult.Success, uint? epoch = null)
    {
        PcpResponse response = new()
        {
            Opcode = PcpOpcode.Map, Result = result, LifetimeSeconds = 3600, Map = map, EpochSeconds = epoch ?? (uint)TimeSpan.FromHours(5).TotalSeconds,
        };
        byte[] buffer = new byte[PcpConstants.MaxMessageLength];
        Assert.True(response.TryWrite(buffer, out int written));
        _net.Wire.Inject($"{from}:{PcpConstants.ServerPort}", _net.ClientEndPoint, buffer[..written]);
        await FakeClock.SettleAsync();
    }
}
