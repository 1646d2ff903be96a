using System.Net;
using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal;
using Btmm.Core.NatTraversal.Igd;
using Btmm.Protocol.NatTraversal.Igd;
using Btmm.TestKit;

namespace Btmm.Core.Tests.NatTraversal.Igd;

public sealed class IgdPortMapperTests
{
    private const int Port = IgdFixture.Port;

    [Theory]
    [InlineData(1, PortMappingProtocol.Udp, "AddPortMapping")]
    [InlineData(1, PortMappingProtocol.Tcp, "AddPortMapping")]
    [InlineData(2, PortMappingProtocol.Udp, "AddAnyPortMapping")]
    [InlineData(2, PortMappingProtocol.Tcp, "AddAnyPortMapping")]
    public async Task MapRenewDelete_EachVersion_GatewayFollows(int version, PortMappingProtocol protocol, string action)
    {
        await using IgdFixture host = new(new FakeGatewayQuirks { IgdVersion = version, DemandsUpperCase = true });
        PortMapping mapping = await host.MapAsync(protocol: protocol);
        Assert.Equal((PortMappingMethod.Igd, protocol, Port, Port), (mapping.Method, mapping.Protocol, mapping.InternalPort, mapping.ExternalPort));
        Assert.Equal(TimeSpan.FromHours(1), mapping.Lifetime);
        Assert.Equal(IPAddress.Parse("203.0.113.10"), mapping.ExternalAddress);
        Assert.False(mapping.IsPermanent);
        Assert.Equal(1, host.Gateway.Count(action));
        FakeMapping made = Assert.Single(host.Gateway.Mappings);
        Assert.Equal((host.Host.Address, Port, protocol), (made.Client, made.InternalPort, made.Protocol));
        host.Clock.Advance(TimeSpan.FromMinutes(30));
        PortMapping renewed = await host.MapAsync(protocol: protocol);
        Assert.Equal(TimeSpan.FromHours(1), renewed.Lifetime);
        Assert.Equal(host.Clock.GetUtcNow() + TimeSpan.FromHours(1), Assert.Single(host.Gateway.Mappings).ExpiresAt);
        await host.DeleteAsync(renewed);
        Assert.Empty(host.Gateway.Mappings);
        await host.DeleteAsync(renewed);
    }

    [Fact]
    public async Task Renewal_Version2_NeverAsksForAnyPort()
    {
        await using IgdFixture host = new();
        await host.MapAsync();
        await host.MapAsync();
        Assert.Equal(1, host.Gateway.Count("AddAnyPortMapping"));
        Assert.Equal(1, host.Gateway.Count("AddPortMapping"));
    }

    [Fact]
    public async Task Renewal_OfTheProcessBefore_NeverAsksForAnyPort()
    {
        await using IgdFixture host = new(heldPort: 50000);
        Assert.Equal(50000, (await host.MapAsync(external: 50000)).ExternalPort);
        Assert.Equal(0, host.Gateway.Count("AddAnyPortMapping"));
    }

    [Fact]
    public async Task Map_NoSuggestion_AsksForTheInternalPortAndNeverForZero()
    {
        await using IgdFixture host = new(new FakeGatewayQuirks { IgdVersion = 1 });
        Assert.Equal(Port, (await host.MapAsync(external: 0)).ExternalPort);
        Assert.All(host.Gateway.SoapRequests, request => Assert.NotEqual("0", request.Arguments.GetValueOrDefault("NewExternalPort")));
    }

    [Theory]
    [InlineData(718)]
    [InlineData(729)]
    public async Task Map_PortTaken_TakesAnother(int code)
    {
        await using IgdFixture host = new(new FakeGatewayQuirks { IgdVersion = 1, ConflictCode = code });
        host.Gateway.TakePort(Port);
        PortMapping mapping = await host.MapAsync();
        Assert.NotEqual(Port, mapping.ExternalPort);
        Assert.Equal(mapping.ExternalPort, Assert.Single(host.Gateway.Mappings).ExternalPort);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Map_PortTakenAndFailurePreferred_Conflict(int version)
    {
        await using IgdFixture host = new(new FakeGatewayQuirks { IgdVersion = version });
        host.Gateway.TakePort(Port);
        BtmmException error = await IgdFixture.FailsAsync(host.MapAsync(preferFailure: true));
        Assert.Equal((BtmmErrorReason.PortMappingConflict, 718), (error.Reason, error.ProtocolCode));
        Assert.Empty(host.Gateway.Mappings);
    }

    [Fact]
    public async Task Map_EveryPortTaken_GivesUpAfterSome()
    {
        await using IgdFixture host = new(new FakeGatewayQuirks { IgdVersion = 1, AddError = 718 });
        BtmmException error = await IgdFixture.FailsAsync(host.MapAsync());
        Assert.Equal(BtmmErrorReason.PortMappingConflict, error.Reason);
        Assert.Equal(8, host.Gateway.MapRequests);
    }

    [Fact]
    public async Task Map_OwnOldMappingInTheWay_IsReplaced()
    {
        await using IgdFixture host = new(new FakeGatewayQuirks { IgdVersion = 1, RenewalConflicts = true });
        host.Gateway.Put(new FakeMapping(PortMappingProtocol.Udp, host.Host.Address, Port, Port, host.Clock.GetUtcNow() + TimeSpan.FromMinutes(5)));
        Assert.Equal(Port, (await host.MapAsync()).ExternalPort);
        Assert.Equal(host.Clock.GetUtcNow() + TimeSpan.FromHours(1), Assert.Single(host.Gateway.Mappings).ExpiresAt);
    }

    [Theory]
    [InlineData(725, 1)]
    [InlineData(402, 1)]
    [InlineData(725, 2)]
    public async Task Map_PermanentLeasesOnly_IsPermanentAndAskedSoFromThenOn(int code, int version)
    {
        await using IgdFixture host = new(new FakeGatewayQuirks { IgdVersion = version, LeaseError = code });
        PortMapping mapping = await host.MapAsync();
        Assert.True(mapping.IsPermanent);
        Assert.Equal(TimeSpan.FromHours(1), mapping.Lifetime);
        Assert.True(Assert.Single(host.Gateway.Mappings).IsPermanent);
        int before = host.Gateway.MapRequests;
        Assert.True((await host.MapAsync()).IsPermanent);
        Assert.Equal(before + 1, host.Gateway.MapRequests);
        await host.DeleteAsync(mapping);
        Assert.Empty(host.Gateway.Mappings);
    }

    [Fact]
    public async Task Map_LeaseBeyondAWeek_AsksForAWeek()
    {
        await using IgdFixture host = new(new FakeGatewayQuirks { MaxLifetime = TimeSpan.FromDays(365) });
        PortMapping mapping = await host.MapAsync(seconds: 10_000_000);
        Assert.Equal(TimeSpan.FromSeconds(604_800), mapping.Lifetime);
    }

    [Fact]
    public async Task Map_ShorterLeaseGranted_IsToldAsItIs()
    {
        await using IgdFixture host = new(new FakeGatewayQuirks { MaxLifetime = TimeSpan.FromMinutes(10) });
        Assert.Equal(TimeSpan.FromMinutes(10), (await host.MapAsync()).Lifetime);
    }

    [Theory]
    [InlineData(3600u, 3600, false)]
    [InlineData(3598u, 3600, false)]
    [InlineData(3597u, 3597, false)]
    [InlineData(604_800u, 604_800, false)]
    [InlineData(0u, null, true)]
    [InlineData(null, 3600, false)]
    public void Made_LeaseTold_IsTheTruthButForTheSecondsOfTheAnswer(uint? told, int? seconds, bool permanent)
    {
        IgdMappingEntry entry = new(IPAddress.Parse("192.168.1.100"), Port, "", told);
        IgdMade made = new(Port, entry, 3600);
        Assert.Equal(seconds, (int?)made.Lease?.TotalSeconds);
        Assert.Equal(permanent, made.IsPermanent(1));
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(2, false)]
    [Trait("rfc", "6970§4.1")]
    public void Made_LeaseZeroAndNothingTold_IsPermanentInVersion1Only(int version, bool permanent) =>
        Assert.Equal(permanent, new IgdMade(Port, null, 0).IsPermanent(version));

    [Theory]
    [InlineData(FakeRenewal.KeepsTheEnd)]
    [InlineData(FakeRenewal.KeepsTheEndAndLies)]
    public async Task Renewal_DoesNotExtend_IsNoticedAndMadeAnew(FakeRenewal renewal)
    {
        await using IgdFixture host = new(new FakeGatewayQuirks { IgdVersion = 1, Renewal = renewal });
        await host.MapAsync();
        host.Clock.Advance(TimeSpan.FromMinutes(30));
        PortMapping renewed = await host.MapAsync();
        Assert.Equal(TimeSpan.FromHours(1), renewed.Lifetime);
        Assert.Equal(host.Clock.GetUtcNow() + TimeSpan.FromHours(1), Assert.Single(host.Gateway.Mappings).ExpiresAt);
    }

    [Fact]
    public async Task Map_SamePortRequired_TakesTheInternalOne()
    {
        await using IgdFixture host = new(new FakeGatewayQuirks { IgdVersion = 1, DemandsSamePort = true });
        Assert.Equal(Port, (await host.MapAsync(external: 50000)).ExternalPort);
        BtmmException error = await IgdFixture.FailsAsync(host.MapAsync(external: 50000, preferFailure: true));
        Assert.Equal((BtmmErrorReason.PortMappingConflict, 724), (error.Reason, error.ProtocolCode));
    }

    [Fact]
    public async Task Map_SamePortRequiredButTaken_Conflict()
    {
        await using IgdFixture host = new(new FakeGatewayQuirks { IgdVersion = 1, DemandsSamePort = true });
        host.Gateway.TakePort(Port);
        Assert.Equal(BtmmErrorReason.PortMappingConflict, (await IgdFixture.FailsAsync(host.MapAsync(external: 50000))).Reason);
    }

    [Fact]
    public async Task Map_HighPortsNotUnderstood_TakesALowOne()
    {
        await using IgdFixture host = new(new FakeGatewayQuirks { IgdVersion = 1, MaxExternalPort = short.MaxValue });
        PortMapping mapping = await host.MapAsync();
        Assert.InRange(mapping.ExternalPort, 10_000, short.MaxValue);
        Assert.False(mapping.IsPermanent);
    }

    [Theory]
    [InlineData(606, BtmmErrorReason.PortMappingNotAuthorized)]
    [InlineData(501, BtmmErrorReason.PortMappingNetworkFailure)]
    [InlineData(728, BtmmErrorReason.PortMappingOutOfResources)]
    [InlineData(401, BtmmErrorReason.PortMappingUnsupported)]
    [InlineData(727, BtmmErrorReason.PortMappingUnsupported)]
    [Trait("rfc", "6970§4.3")]
    public async Task Map_Refused_SaysWhy(int code, BtmmErrorReason reason)
    {
        foreach (int version in new[] { 1, 2 })
        {
            await using IgdFixture host = new(new FakeGatewayQuirks { IgdVersion = version, AddError = code });
            BtmmException error = await IgdFixture.FailsAsync(host.MapAsync());
            Assert.Equal((reason, code), (error.Reason, error.ProtocolCode));
        }
    }

    [Theory]
    [InlineData(401)]
    [InlineData(501)]
    [InlineData(728)]
    public async Task Map_AddAnyFails_AddPortMappingDoes(int code)
    {
        await using IgdFixture host = new(new FakeGatewayQuirks { AddAnyError = code });
        Assert.Equal(Port, (await host.MapAsync()).ExternalPort);
        Assert.Equal(1, host.Gateway.Count("AddPortMapping"));
    }

    [Fact]
    public async Task Map_AddAnyDoesNotNameThePort_ItIsFoundInTheList()
    {
        await using IgdFixture host = new(new FakeGatewayQuirks { AddAnyAnswer = "" });
        host.Gateway.TakePort(Port);
        PortMapping mapping = await host.MapAsync();
        Assert.Equal(mapping.ExternalPort, Assert.Single(host.Gateway.Mappings).ExternalPort);
    }

    [Fact]
    public async Task Map_GrantedButNotThere_IsNoticed()
    {
        await using IgdFixture host = new(new FakeGatewayQuirks { DropsMappings = true });
        Assert.Equal(BtmmErrorReason.MalformedReply, (await IgdFixture.FailsAsync(host.MapAsync())).Reason);
    }

    [Fact]
    public async Task Map_EntriesNotShown_IsTakenAtItsWord()
    {
        await using IgdFixture host = new(new FakeGatewayQuirks { EntryError = 401 });
        Assert.Equal(TimeSpan.FromHours(1), (await host.MapAsync()).Lifetime);
    }

    [Fact]
    public async Task Map_FaultsWithStatus200_AreFaults()
    {
        await using IgdFixture host = new(new FakeGatewayQuirks { IgdVersion = 1, FaultsWithOk = true });
        host.Gateway.TakePort(Port);
        Assert.NotEqual(Port, (await host.MapAsync()).ExternalPort);
    }

    [Fact]
    public async Task Delete_PortNowSomebodyElses_IsLeftAlone()
    {
        await using IgdFixture host = new();
        PortMapping mapping = await host.MapAsync();
        host.Gateway.Forget();
        host.Gateway.Put(new FakeMapping(PortMappingProtocol.Udp, IPAddress.Parse("192.168.1.7"), 1, Port, host.Clock.GetUtcNow() + TimeSpan.FromHours(1)));
        await host.DeleteAsync(mapping);
        Assert.Single(host.Gateway.Mappings);
        Assert.Equal(0, host.Gateway.DeleteRequests);
    }

    [Fact]
    public async Task Delete_OnlyAskedFor_IsFoundInTheList()
    {
        await using IgdFixture host = new();
        await host.MapAsync(external: 50000);
        await host.DeleteAsync(new PortMapping(
            PortMappingMethod.Igd, host.Gateway.Address, PortMappingProtocol.Udp, Port, 0, TimeSpan.Zero, host.Clock.GetUtcNow()));
        Assert.Empty(host.Gateway.Mappings);
    }

    [Fact]
    public async Task Delete_Refused_SaysWhy()
    {
        await using IgdFixture host = new();
        PortMapping mapping = await host.MapAsync();
        host.Gateway.Quirks = host.Gateway.Quirks with { DeleteError = 606 };
        Assert.Equal(BtmmErrorReason.PortMappingNotAuthorized, (await IgdFixture.FailsAsync(host.DeleteAsync(mapping))).Reason);
    }

    [Theory]
    [InlineData(0, 1, 10)]
    [InlineData(65536, 1, 10)]
    [InlineData(1, -1, 10)]
    [InlineData(1, 65536, 10)]
    [InlineData(1, 1, 0)]
    public async Task Map_ImpossibleRequest_IsTheCallersFault(int internalPort, int external, int seconds)
    {
        await using IgdFixture host = new();
        PortMappingRequest request = new(PortMappingProtocol.Udp, internalPort, external, TimeSpan.FromSeconds(seconds));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            () => host.Mapper.MapAsync(request, ExchangeEffort.Brief, CancellationToken.None));
    }
}
