using System.Net;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal;
using Btmm.Core.NatTraversal.Memory;
using Btmm.Core.NatTraversal.Pcp;
using Btmm.Protocol.NatTraversal.Pcp;
using Btmm.TestKit;

namespace Btmm.Core.Tests.NatTraversal.Pcp;

/// <summary>Mapping by PCP: what is asked, what is granted, what is refused.</summary>
public sealed class PcpPortMapperTests : IAsyncDisposable
{
    private readonly PcpFixture _net = new();

    public ValueTask DisposeAsync() => _net.DisposeAsync();

    [Fact]
    public async Task Query_NothingHeld_AsksByAnnounceAndChangesNothing()
    {
        GatewayAnswer answer = await _net.QueryAsync();
        Assert.Equal(PortMappingMethod.Pcp, answer.Method);
        Assert.Null(answer.ExternalAddress);
        Assert.Null(answer.Kind);
        Assert.Equal(TimeSpan.FromHours(5), answer.StateAge);
        Assert.Empty(_net.Gateway.Mappings);
        FakePcpRequest request = Assert.Single(_net.Gateway.PcpRequests);
        Assert.Equal((0, 0u), (request.Opcode, request.LifetimeSeconds));
        Assert.Equal(IPAddress.Parse("192.168.1.100"), request.ClientAddress);
    }

    [Fact]
    public async Task Map_Granted_TellsPortAddressNonceAndLifetime()
    {
        PortMapping mapping = await _net.MapAsync();
        Assert.Equal(4500, mapping.ExternalPort);
        Assert.Equal(IPAddress.Parse("203.0.113.10"), mapping.ExternalAddress);
        Assert.Equal(TimeSpan.FromHours(1), mapping.Lifetime);
        Assert.Equal(PortMappingMethod.Pcp, mapping.Method);
        Assert.Equal(_net.Memory.NonceFor(new(_net.Route.Gateway), PortMappingProtocol.Udp, 4500), mapping.Nonce);
        FakePcpRequest request = Assert.Single(_net.Gateway.PcpRequests);
        Assert.Equal(IPAddress.Any, request.SuggestedExternalAddress);
        Assert.Empty(request.Options);
    }

    [Fact]
    [Trait("rfc", "6887§11.2.1")]
    public async Task Map_Again_SameNonceAndTheAddressThatWasGranted()
    {
        await _net.MapAsync();
        await _net.MapAsync();
        FakePcpRequest second = _net.Gateway.PcpRequests[^1];
        Assert.Equal(_net.Gateway.PcpRequests[0].Nonce, second.Nonce);
        Assert.Equal(IPAddress.Parse("203.0.113.10"), second.SuggestedExternalAddress);
        Assert.Single(_net.Gateway.Mappings);
    }

    [Fact]
    [Trait("rfc", "6887§11.2.1")]
    public async Task Query_WhileHeld_AsksForTheEpochAndRenewsNothing()
    {
        await _net.MapAsync();
        DateTimeOffset end = Assert.Single(_net.Gateway.Mappings).ExpiresAt;
        await _net.Clock.RunForAsync(TimeSpan.FromSeconds(30));
        Assert.Null((await _net.QueryAsync()).ExternalAddress); // What was told with the mapping may be true no more.
        Assert.Equal(0, _net.Gateway.PcpRequests[^1].Opcode);
        Assert.Equal(end, Assert.Single(_net.Gateway.Mappings).ExpiresAt);
        Assert.Equal(0, _net.Mapper.StateLossCount);
    }

    [Fact]
    public async Task Query_GatewayRebooted_CountsTheLossOnceAndMakesNothing()
    {
        await _net.MapAsync();
        _net.Gateway.Reboot(announce: false);
        await _net.QueryAsync();
        Assert.Equal(1, _net.Mapper.StateLossCount);
        Assert.Empty(_net.Gateway.Mappings); // Who keeps it maps it again, and the memory hears of that.
        await _net.QueryAsync();
        Assert.Equal(1, _net.Mapper.StateLossCount);
    }

    [Fact]
    [Trait("rfc", "6887§8.5")]
    public async Task Query_EpochRunsBackwardsOrAhead_CountsALoss()
    {
        await _net.QueryAsync();
        _net.Gateway.ShiftEpoch(TimeSpan.FromMinutes(-5));
        await _net.QueryAsync();
        Assert.Equal(1, _net.Mapper.StateLossCount);
        _net.Gateway.ShiftEpoch(TimeSpan.FromMinutes(5));
        await _net.QueryAsync();
        Assert.Equal(2, _net.Mapper.StateLossCount);
    }

    [Fact]
    public async Task Map_AddressChangedWithoutNewEpoch_CountsAsALossOnceAndTellsTheNewOne()
    {
        await _net.MapAsync();
        _net.Gateway.Readdress("203.0.113.77", announce: false);
        Assert.Equal(IPAddress.Parse("203.0.113.77"), (await _net.MapAsync()).ExternalAddress);
        Assert.Equal(1, _net.Mapper.StateLossCount);
        await _net.MapAsync();
        Assert.Equal(1, _net.Mapper.StateLossCount);
    }

    [Fact]
    public async Task Map_FormerOneHadEnded_AnotherAddressIsNoLoss()
    {
        await _net.MapAsync();
        await _net.Clock.RunForAsync(TimeSpan.FromMinutes(61));
        _net.Gateway.Readdress("203.0.113.77", announce: false);
        await _net.MapAsync();
        Assert.Equal(0, _net.Mapper.StateLossCount);
    }

    [Fact]
    [Trait("rfc", "6887§15.1")]
    public async Task Delete_AfterMap_NeedsTheNonceAndLeavesNothing()
    {
        PortMapping mapping = await _net.MapAsync();
        await _net.RunAsync(_net.Mapper.DeleteAsync(mapping, ExchangeEffort.Brief, CancellationToken.None));
        Assert.Empty(_net.Gateway.Mappings);
        FakePcpRequest request = _net.Gateway.PcpRequests[^1];
        Assert.Equal((0u, 0, IPAddress.Any), (request.LifetimeSeconds, request.SuggestedExternalPort, request.SuggestedExternalAddress));
        await _net.RunAsync(_net.Mapper.DeleteAsync(mapping, ExchangeEffort.Brief, CancellationToken.None));
        await _net.QueryAsync();
        Assert.Empty(_net.Gateway.Mappings);
    }

    [Fact]
    public async Task Delete_NothingThereAndTheServerSaysNoResources_IsNoError()
    {
        PortMapping mapping = await _net.MapAsync();
        _net.Gateway.Forget();
        _net.Gateway.Quirks = new FakeGatewayQuirks { PcpNothingToDeleteResult = 8, PcpIgnoresAnnounce = true };
        await _net.RunAsync(_net.Mapper.DeleteAsync(mapping, ExchangeEffort.Brief, CancellationToken.None));
        Assert.Equal(PortMappingMethod.Pcp, (await _net.QueryAsync()).Method);
    }

    [Fact]
    public async Task Delete_RenewedPinholeOfAForgetfulServer_IsShortened()
    {
        await using PcpFixture net = new(FakeGatewayProtocols.Pcp, ipv6: true);
        net.Gateway.Quirks = new FakeGatewayQuirks { PcpForgetsRenewedNonces = true };
        await net.MapAsync();
        PortMapping mapping = await net.MapAsync();
        await net.RunAsync(net.Mapper.DeleteAsync(mapping, ExchangeEffort.Brief, CancellationToken.None));
        Assert.True(net.Gateway.Mappings.All(left => left.ExpiresAt <= net.Clock.GetUtcNow() + TimeSpan.FromSeconds(1)));
        net.Gateway.Quirks = net.Gateway.Quirks with { FixedLifetime = TimeSpan.FromDays(1) };
        await net.MapAsync();
        await net.MapAsync();
        BtmmException e = await net.FailAsync(net.Mapper.DeleteAsync(mapping, ExchangeEffort.Brief, CancellationToken.None));
        Assert.Equal(BtmmErrorReason.PortMappingNotAuthorized, e.Reason);
    }

    [Fact]
    public async Task Delete_ByAnotherProcessWithTheSameMemory_IsGranted()
    {
        PortMapping mapping = await _net.MapAsync();
        await using PcpPortMapper second = new(_net.Route, _net.Services);
        await _net.RunAsync(second.DeleteAsync(mapping with { Nonce = null }, ExchangeEffort.Brief, CancellationToken.None));
        Assert.Empty(_net.Gateway.Mappings);
    }

    [Fact]
    [Trait("rfc", "6887§11.3")]
    public async Task Map_MadeWithAnotherNonce_NotAuthorizedAndSaysUntilWhen()
    {
        await _net.MapAsync();
        PortMapperServices forgetful = _net.Services with { Memory = new MappingMemory(SystemRandomSource.Instance) };
        await using PcpPortMapper second = new(_net.Route, forgetful);
        PortMappingRequest request = PcpFixture.Request with { Lifetime = TimeSpan.FromMinutes(9) };
        BtmmException e = await _net.FailAsync(second.MapAsync(request, ExchangeEffort.Brief, CancellationToken.None));
        Assert.Equal(BtmmErrorReason.PortMappingNotAuthorized, e.Reason);
        Assert.Contains("another program made", e.Message, StringComparison.Ordinal);
        Assert.Equal(PcpConstants.LongErrorLifetime, e.RetryAfter); // The hour that is left, within bounds.
        Assert.Contains("60 minutes by the router's word", e.Remedy, StringComparison.Ordinal);
        foreach (uint silent in new[] { 0u, uint.MaxValue })
        {
            _net.Gateway.Quirks = new FakeGatewayQuirks { PcpErrorLifetime = silent };
            e = await _net.FailAsync(second.MapAsync(request, ExchangeEffort.Brief, CancellationToken.None));
            Assert.DoesNotContain("word", e.Remedy, StringComparison.Ordinal);
        }
    }

    [Fact]
    [Trait("rfc", "6887§13.2")]
    public async Task Map_OnlyTakenPortWillDo_ConflictAndNothingMade()
    {
        _net.Gateway.TakePort(4500);
        BtmmException e = await _net.FailAsync(_net.MapAsync(PcpFixture.Request with { PreferFailure = true }));
        Assert.Equal(BtmmErrorReason.PortMappingConflict, e.Reason);
        Assert.Equal((int)PcpResult.CannotProvideExternal, e.ProtocolCode);
        Assert.Contains("4500", e.Message, StringComparison.Ordinal);
        Assert.Empty(_net.Gateway.Mappings);
        Assert.Equal([(byte)PcpOptionCode.PreferFailure], _net.Gateway.PcpRequests[^1].Options);
    }

    [Fact]
    public async Task Map_OnlyFreePortWillDo_ThatPortAlsoAtTheNextTime()
    {
        PortMappingRequest request = PcpFixture.Request with { PreferFailure = true };
        Assert.Equal(4500, (await _net.MapAsync(request)).ExternalPort);
        _net.Gateway.Readdress("203.0.113.77", announce: false);
        Assert.Equal(4500, (await _net.MapAsync(request)).ExternalPort);
        await _net.MapAsync(request with { SuggestedExternalPort = 0 });
        Assert.Empty(_net.Gateway.PcpRequests[^1].Options); // Without a port the option would be malformed.
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(false, false)]
    public async Task Map_PreferFailureUnknownToTheServerOrUnheeded_MadeComparedGivenBack(bool taken, bool unknown)
    {
        _net.Gateway.Quirks = new FakeGatewayQuirks { PcpUnsupportedOptions = unknown, PcpIgnoresPreferFailure = !unknown };
        if (taken) _net.Gateway.TakePort(4500);
        Task<PortMapping> map = _net.MapAsync(PcpFixture.Request with { PreferFailure = true });
        if (taken) Assert.Equal(BtmmErrorReason.PortMappingConflict, (await _net.FailAsync(map)).Reason);
        else Assert.Equal(4500, (await map).ExternalPort);
        Assert.Equal(taken ? 0 : 1, _net.Gateway.Mappings.Count);
    }

    [Theory]
    [Trait("rfc", "6887§7.4")]
    [InlineData(1, BtmmErrorReason.PortMappingUnsupported, 1800)]
    [InlineData(2, BtmmErrorReason.PortMappingNotAuthorized, 1800)]
    [InlineData(3, BtmmErrorReason.PortMappingUnsupported, 1800)]
    [InlineData(4, BtmmErrorReason.PortMappingUnsupported, 1800)]
    [InlineData(5, BtmmErrorReason.PortMappingUnsupported, 1800)]
    [InlineData(6, BtmmErrorReason.PortMappingUnsupported, 1800)]
    [InlineData(7, BtmmErrorReason.PortMappingNetworkFailure, 30)]
    [InlineData(8, BtmmErrorReason.PortMappingOutOfResources, 30)]
    [InlineData(9, BtmmErrorReason.PortMappingUnsupported, 1800)]
    [InlineData(10, BtmmErrorReason.PortMappingOutOfResources, 30)]
    [InlineData(11, BtmmErrorReason.PortMappingConflict, 30)]
    [InlineData(12, BtmmErrorReason.DoubleNat, 1800)]
    [InlineData(13, BtmmErrorReason.PortMappingOutOfResources, 1800)]
    [InlineData(200, BtmmErrorReason.MalformedReply, 1800)]
    public async Task Map_Refused_HasItsReasonRemedyAndWait(int code, BtmmErrorReason reason, int seconds)
    {
        foreach (bool bare in new[] { false, true })
        {
            _net.Gateway.Quirks = new FakeGatewayQuirks { PcpMapResult = code, PcpErrorLifetime = 0, PcpShortErrors = bare };
            BtmmException e = await _net.FailAsync(_net.MapAsync());
            Assert.Equal(reason, e.Reason);
            Assert.Equal(code, e.ProtocolCode);
            Assert.Equal(TimeSpan.FromSeconds(seconds), e.RetryAfter);
            Assert.NotEmpty(e.Remedy);
            Assert.Equal(0, _net.Mapper.StateLossCount);
        }

        Assert.Empty(_net.Gateway.Mappings);
    }

    [Fact]
    [Trait("rfc", "6887§8.3")]
    public async Task Map_RefusedWithALifetime_WaitIsWhatTheServerSays()
    {
        _net.Gateway.Quirks = new FakeGatewayQuirks { PcpMapResult = 8, PcpErrorLifetime = 95 };
        Assert.Equal(TimeSpan.FromSeconds(95), (await _net.FailAsync(_net.MapAsync())).RetryAfter);
    }

    [Fact]
    [Trait("rfc", "6887§8.1")]
    public async Task Query_NatInBetween_DoubleNatThatNamesTheBox()
    {
        _net.Gateway.Quirks = new FakeGatewayQuirks { PcpSeesAnotherClient = true };
        BtmmException e = await _net.FailAsync(_net.QueryAsync());
        Assert.Equal(BtmmErrorReason.DoubleNat, e.Reason);
        Assert.Contains("192.168.1.100", e.Message, StringComparison.Ordinal);
        Assert.Contains("192.168.1.1", e.Message, StringComparison.Ordinal);
        Assert.Contains("bridge mode", e.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Query_ServerWithoutAnnounce_IsAServerAllTheSame()
    {
        _net.Gateway.Quirks = new FakeGatewayQuirks { PcpAnnounceResult = 4 };
        Assert.Equal(PortMappingMethod.Pcp, (await _net.QueryAsync()).Method);
        _net.Gateway.Quirks = new FakeGatewayQuirks { PcpIgnoresAnnounce = true };
        Assert.Equal(PortMappingMethod.Pcp, (await _net.QueryAsync()).Method);
        Assert.Equal(0, _net.Gateway.MapRequests);
        Assert.Empty(_net.Gateway.Mappings);
    }

    [Fact]
    public async Task Query_ServerThatIgnoresAnnounce_IsAskedInTheOtherWayFromThenOn()
    {
        _net.Gateway.Quirks = new FakeGatewayQuirks { PcpIgnoresAnnounce = true };
        await _net.MapAsync();
        await _net.QueryAsync();
        int asked = _net.Gateway.Log.Count;
        TimeSpan before = _net.Clock.Elapsed;
        await _net.QueryAsync();
        Assert.Equal(before, _net.Clock.Elapsed);
        Assert.Equal(asked + 1, _net.Gateway.Log.Count);
        Assert.Equal(_net.Gateway.PcpRequests[^2].Nonce, _net.Gateway.PcpRequests[^1].Nonce); // One for all questions.
        _net.Gateway.Reboot(announce: false);
        await _net.QueryAsync();
        Assert.Equal(1, _net.Mapper.StateLossCount);
        Assert.Empty(_net.Gateway.Mappings);
    }

    [Theory]
    [InlineData("10.1.2.3", "10.1.2.3")]
    [InlineData("100.64.9.9", "100.64.9.9")]
    [InlineData("0.0.0.0", "0.0.0.0")]
    [InlineData("::", "0.0.0.0")] // Zeros where ::ffff:0:0 should be (RFC 6887 §5) are not this host's address.
    public async Task Map_GrantedAnAddressOfNoUse_TheMappingHasIt(string told, string address)
    {
        _net.Gateway.Quirks = new FakeGatewayQuirks { PcpExternalAddress = IPAddress.Parse(told) };
        Assert.Equal(IPAddress.Parse(address), (await _net.MapAsync()).ExternalAddress);
    }

    [Fact]
    [Trait("rfc", "6887§15")]
    public async Task Map_AbsurdLifetime_CountsAsADay()
    {
        _net.Gateway.Quirks = new FakeGatewayQuirks { FixedLifetime = TimeSpan.FromDays(1800) };
        Assert.Equal(TimeSpan.FromHours(24), (await _net.MapAsync()).Lifetime);
    }

    [Theory]
    [InlineData(0, 4500, 3600)]
    [InlineData(65536, 4500, 3600)]
    [InlineData(4500, -1, 3600)]
    [InlineData(4500, 65536, 3600)]
    [InlineData(4500, 4500, 0)]
    public async Task Map_ValuesOutOfRange_AreRefusedBeforeSending(int port, int external, int seconds)
    {
        PortMappingRequest request = new(PortMappingProtocol.Udp, port, external, TimeSpan.FromSeconds(seconds));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            () => _net.Mapper.MapAsync(request, ExchangeEffort.Brief, CancellationToken.None));
        Assert.Empty(_net.Wire.Sent);
    }
}
