using System.Net;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal;
using Btmm.Core.NatTraversal.NatPmp;
using Btmm.Core.Tests.Kit;
using Btmm.Protocol.NatTraversal;
using Btmm.Protocol.NatTraversal.NatPmp;
using Btmm.TestKit;

namespace Btmm.Core.Tests.NatTraversal.NatPmp;

public sealed class NatPmpClientTests : IAsyncDisposable
{
    private static readonly PortMappingRequest s_request = new(PortMappingProtocol.Udp, 4500, 4500, TimeSpan.FromHours(1));
    private readonly FakeClock _clock = new();
    private readonly VirtualWire _wire;
    private readonly VirtualHost _host;
    private readonly FakeGateway _gateway;
    private readonly NatPmpClient _client;

    public NatPmpClientTests()
    {
        _wire = new VirtualWire(_clock);
        _host = _wire.Host("192.168.1.100");
        _gateway = new FakeGateway(_wire, "192.168.1.1", "203.0.113.10", _clock);
        _client = new NatPmpClient(new GatewayRoute(_gateway.Address, _host.Address, 2, "eth0"), _host, _clock);
    }

    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync();
        await _gateway.DisposeAsync();
    }

    [Fact]
    public async Task Client_AddressRequest_GivesAddressKindAndAge()
    {
        GatewayAnswer address = await RunAsync(_client.GetExternalAddressAsync(CancellationToken.None));
        Assert.Equal(IPAddress.Parse("203.0.113.10"), address.ExternalAddress);
        Assert.Equal(ExternalAddressKind.Public, address.Kind);
        Assert.Equal(TimeSpan.FromHours(5), address.StateAge);
        Assert.True(address.Tries >= 1);
    }

    [Fact]
    public async Task Client_MapRenewDelete_GatewayFollows()
    {
        PortMapping mapping = await RunAsync(_client.MapAsync(s_request, CancellationToken.None));
        Assert.Equal(4500, mapping.ExternalPort);
        Assert.Equal(TimeSpan.FromHours(1), mapping.Lifetime);
        Assert.Equal(_clock.GetUtcNow() + TimeSpan.FromHours(1), mapping.ExpiresAt);
        Assert.Equal(IPAddress.Parse("192.168.1.100"), Assert.Single(_gateway.Mappings).Client);
        await RunAsync(_client.DeleteAsync(PortMappingProtocol.Udp, 4500, CancellationToken.None));
        Assert.Empty(_gateway.Mappings);
        await RunAsync(_client.DeleteAsync(PortMappingProtocol.Udp, 4500, CancellationToken.None));
    }

    [Fact]
    public async Task Client_PortTaken_TakesWhatIsGranted()
    {
        _gateway.TakePort(4500);
        _gateway.Quirks = new FakeGatewayQuirks { MaxLifetime = TimeSpan.FromMinutes(10) };
        PortMapping mapping = await RunAsync(_client.MapAsync(s_request with { Protocol = PortMappingProtocol.Tcp }, CancellationToken.None));
        Assert.Equal(4501, mapping.ExternalPort);
        Assert.Equal(TimeSpan.FromMinutes(10), mapping.Lifetime);
        Assert.Equal(PortMappingProtocol.Tcp, Assert.Single(_gateway.Mappings).Protocol);
    }

    [Fact]
    public async Task Client_LostRequests_AreSentAgain()
    {
        _gateway.Quirks = new FakeGatewayQuirks { IgnoreFirst = 3 };
        GatewayAnswer address = await RunAsync(_client.GetExternalAddressAsync(CancellationToken.None));
        Assert.True(address.Tries >= 4, $"{address.Tries} tries");
        Assert.True(address.RoundTrip >= TimeSpan.FromSeconds(1.75), $"{address.RoundTrip}");
    }

    [Theory]
    [InlineData(NatPmpResult.NotAuthorized, BtmmErrorReason.PortMappingNotAuthorized, false)]
    [InlineData(NatPmpResult.NotAuthorized, BtmmErrorReason.PortMappingNotAuthorized, true)]
    [InlineData(NatPmpResult.NetworkFailure, BtmmErrorReason.PortMappingNetworkFailure, true)]
    [InlineData(NatPmpResult.OutOfResources, BtmmErrorReason.PortMappingOutOfResources, false)]
    [InlineData(NatPmpResult.UnsupportedVersion, BtmmErrorReason.PortMappingUnsupported, true)]
    [InlineData(NatPmpResult.UnsupportedOpcode, BtmmErrorReason.PortMappingUnsupported, false)]
    [InlineData((NatPmpResult)0x43, BtmmErrorReason.MalformedReply, false)]
    public async Task Client_ErrorAnswer_ThrowsItsReason(NatPmpResult result, BtmmErrorReason reason, bool shortAnswer)
    {
        _gateway.Quirks = new FakeGatewayQuirks { MapResult = result, ShortErrors = shortAnswer };
        BtmmException e = await FailAsync(_client.MapAsync(s_request, CancellationToken.None));
        Assert.Equal(reason, e.Reason);
        Assert.Equal((int)result, e.ProtocolCode);
        Assert.NotEmpty(e.Remedy);
    }

    [Fact]
    public async Task Client_AnswersFromAnotherPort_AreTaken()
    {
        _gateway.Quirks = new FakeGatewayQuirks { AnswerPort = 1026 };
        Assert.Equal(_gateway.ExternalAddress, (await RunAsync(_client.GetExternalAddressAsync(CancellationToken.None))).ExternalAddress);
    }

    [Fact]
    public async Task Client_AnswersFromAnotherAddress_AreNot()
    {
        _gateway.Quirks = new FakeGatewayQuirks { AnswerAddress = IPAddress.Parse("192.168.1.66") };
        BtmmException e = await FailAsync(_client.GetExternalAddressAsync(CancellationToken.None, maxTries: 3));
        Assert.Equal(BtmmErrorReason.Timeout, e.Reason);
    }

    [Fact]
    public async Task Client_LateAnswerBetweenCalls_IsGoneByTheNext()
    {
        _gateway.Quirks = new FakeGatewayQuirks { AnswersTwice = true };
        for (int i = 0; i < 3; i++) await RunAsync(_client.GetExternalAddressAsync(CancellationToken.None));
        PortMapping mapping = await RunAsync(_client.MapAsync(s_request, CancellationToken.None));
        Assert.Equal(4500, mapping.ExternalPort);
    }

    [Fact]
    public async Task Client_PortClosed_UnsupportedAtOnce()
    {
        await _gateway.CloseAsync();
        BtmmException e = await FailAsync(_client.GetExternalAddressAsync(CancellationToken.None));
        Assert.Equal(BtmmErrorReason.PortMappingUnsupported, e.Reason);
        Assert.True(_clock.Elapsed < TimeSpan.FromSeconds(10), $"{_clock.Elapsed}");
    }

    [Fact]
    public async Task Client_Silence_UnsupportedAfterNineTries()
    {
        _gateway.Quirks = new FakeGatewayQuirks { Silent = true };
        BtmmException e = await FailAsync(_client.GetExternalAddressAsync(CancellationToken.None));
        Assert.Equal(BtmmErrorReason.PortMappingUnsupported, e.Reason);
        Assert.Equal(9, _gateway.AddressRequests);
        Assert.Equal(TimeSpan.FromSeconds(127.75), _clock.Elapsed);
    }

    [Fact]
    public async Task Client_SilenceWithFewerTries_Timeout()
    {
        _gateway.Quirks = new FakeGatewayQuirks { Silent = true };
        BtmmException e = await FailAsync(_client.GetExternalAddressAsync(CancellationToken.None, maxTries: 3));
        Assert.Equal(BtmmErrorReason.Timeout, e.Reason);
        Assert.Equal(TimeSpan.FromSeconds(1.75), _clock.Elapsed);
    }

    [Fact]
    public async Task Client_Cancelled_EndsAndWorksAgain()
    {
        _gateway.Quirks = new FakeGatewayQuirks { Silent = true };
        using CancellationTokenSource user = new();
        Task<GatewayAnswer> pending = _client.GetExternalAddressAsync(user.Token);
        await user.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pending);
        _gateway.Quirks = new FakeGatewayQuirks();
        Assert.Equal(_gateway.ExternalAddress, (await RunAsync(_client.GetExternalAddressAsync(CancellationToken.None))).ExternalAddress);
    }

    [Fact]
    public async Task Client_ConcurrentCalls_RunOneAtATime()
    {
        _wire.Conditions = new WireConditions { Latency = TimeSpan.FromMilliseconds(20) };
        Task[] calls = [.. Enumerable.Range(0, 5).Select(_ => _client.GetExternalAddressAsync(CancellationToken.None))];
        await RunAsync(Task.WhenAll(calls).ContinueWith(_ => true, TaskScheduler.Default));
        Assert.True(_clock.Elapsed >= TimeSpan.FromMilliseconds(200), $"{_clock.Elapsed}");
    }

    [Fact]
    public async Task Client_BadWire_StillGetsThrough()
    {
        _wire.Conditions = new WireConditions
        {
            Loss = 0.3, Duplication = 0.3, Reordering = 0.3, Latency = TimeSpan.FromMilliseconds(30),
        };
        for (int port = 5000; port < 5020; port++)
        {
            PortMapping mapping = await RunAsync(_client.MapAsync(s_request with { InternalPort = port, SuggestedExternalPort = port }, CancellationToken.None));
            Assert.Equal(port, mapping.ExternalPort);
        }
    }

    [Fact]
    public async Task Client_GatewayRebooted_CountsTheLoss()
    {
        await RunAsync(_client.GetExternalAddressAsync(CancellationToken.None));
        Assert.Equal(0, _client.StateLossCount);
        _gateway.Reboot(announce: false);
        await RunAsync(_client.GetExternalAddressAsync(CancellationToken.None));
        Assert.Equal(1, _client.StateLossCount);
        await RunAsync(_client.GetExternalAddressAsync(CancellationToken.None));
        Assert.Equal(1, _client.StateLossCount);
    }

    [Theory]
    [InlineData(0, 4500, 3600)]
    [InlineData(65536, 4500, 3600)]
    [InlineData(4500, -1, 3600)]
    [InlineData(4500, 65536, 3600)]
    [InlineData(4500, 4500, 0)]
    public async Task Client_ValuesOutOfRange_AreRefusedBeforeSending(int port, int external, int seconds)
    {
        PortMappingRequest request = new(PortMappingProtocol.Udp, port, external, TimeSpan.FromSeconds(seconds));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => _client.MapAsync(request, CancellationToken.None));
        Assert.Empty(_wire.Sent);
    }

    private Task<T> RunAsync<T>(Task<T> task) => _clock.RunAsync(task);

    private Task RunAsync(Task task) => _clock.RunAsync(task);

    private Task<BtmmException> FailAsync(Task task) => _clock.FailAsync(task);
}
