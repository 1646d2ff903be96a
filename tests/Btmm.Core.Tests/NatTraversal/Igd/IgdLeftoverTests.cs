using System.Net;
using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal;
using Btmm.TestKit;

namespace Btmm.Core.Tests.NatTraversal.Igd;

/// <summary>What lost answers, former runs, former addresses and other hosts leave on a UPnP gateway, and what it does not tell.</summary>
public sealed class IgdLeftoverTests
{
    private const int Port = IgdFixture.Port;
    private const string Description = "btmm 45678 UDP";
    private static readonly IPAddress s_former = IPAddress.Parse("192.168.1.50");
    private static readonly IPAddress s_other = IPAddress.Parse("192.168.1.7");

    [Fact]
    public async Task Map_AnswerOfAddAnyLost_NextAttemptLeavesOneMapping()
    {
        await using IgdFixture host = new(new FakeGatewayQuirks { UnansweredActions = ["AddAnyPortMapping"] });
        host.Gateway.TakePort(Port);
        Assert.Equal(BtmmErrorReason.Timeout, (await IgdFixture.FailsAsync(host.MapAsync())).Reason);
        Assert.Single(host.Gateway.Mappings);
        host.Gateway.Quirks = new FakeGatewayQuirks();
        PortMapping mapping = await host.MapAsync();
        Assert.Equal(mapping.ExternalPort, Assert.Single(host.Gateway.Mappings).ExternalPort);
    }

    [Fact]
    public async Task Map_RefusedBefore_LooksForNoLeftovers()
    {
        await using IgdFixture host = new(new FakeGatewayQuirks { AddError = 606 });
        await IgdFixture.FailsAsync(host.MapAsync());
        await IgdFixture.FailsAsync(host.MapAsync());
        Assert.Equal(0, host.Gateway.Count("GetGenericPortMappingEntry"));
    }

    [Fact]
    public async Task Delete_PortNowAnotherHostsOfTheSameKind_IsLeftAlone()
    {
        await using IgdFixture host = new(new FakeGatewayQuirks { AnybodyDeletes = true });
        PortMapping mapping = await host.MapAsync();
        host.Gateway.Forget();
        Put(host, s_other);
        await host.DeleteAsync(mapping);
        Assert.Equal(s_other, Assert.Single(host.Gateway.Mappings).Client);
    }

    [Theory]
    [InlineData(Description, 0)]
    [InlineData("somebody else", 1)]
    public async Task Delete_MadeAtAFormerAddress_IsDoneWhereItIsStillOurs(string description, int left)
    {
        await using IgdFixture host = new(new FakeGatewayQuirks { AnybodyDeletes = true });
        Put(host, s_former, description);
        await host.DeleteAsync(Former(host));
        Assert.Equal(left, host.Gateway.Mappings.Count);
    }

    [Fact]
    public async Task Map_HeldByOurFormerAddress_IsTakenOverWithThePort()
    {
        await using IgdFixture host = new(new FakeGatewayQuirks { AnybodyDeletes = true });
        await MoveAsync(host);
        PortMapping mapping = await host.MapAsync();
        Assert.Equal(Port, mapping.ExternalPort);
        Assert.Equal(host.Host.Address, mapping.InternalAddress);
        Assert.Equal(host.Host.Address, Assert.Single(host.Gateway.Mappings).Client);
    }

    [Fact]
    public async Task Map_HeldByOurFormerAddressWhichAloneMayDelete_TakesAnotherPort()
    {
        await using IgdFixture host = new();
        await MoveAsync(host);
        PortMapping mapping = await host.MapAsync();
        Assert.NotEqual(Port, mapping.ExternalPort);
        Assert.Single(host.Gateway.Mappings, made => made.Client.Equals(host.Host.Address));
    }

    [Fact]
    public async Task Query_MappingOfAFormerRunReleasedByAnotherProcess_IsNoLossOfState()
    {
        await using IgdFixture host = new(heldPort: Port);
        await host.QueryAsync();
        Assert.Equal(0, host.Mapper.StateLossCount);
    }

    [Fact]
    public async Task Query_MappingOfAFormerRunThatWasRenewedAndIsGone_IsALossOfState()
    {
        await using IgdFixture host = new(heldPort: Port);
        await host.MapAsync();
        host.Gateway.Forget();
        await host.QueryAsync();
        Assert.Equal(1, host.Mapper.StateLossCount);
    }

    [Theory]
    [InlineData("GetStatusInfo")]
    [InlineData("GetSpecificPortMappingEntry")]
    [InlineData("GetGenericPortMappingEntry")]
    public async Task Map_WhatCanBeDoneWithoutIsNoSoap_MapsAllTheSame(string action)
    {
        await using IgdFixture host = new(new FakeGatewayQuirks { GarbledActions = [action], AddAnyAnswer = "" });
        PortMapping mapping = await host.MapAsync();
        Assert.Equal((Port, TimeSpan.FromHours(1)), (mapping.ExternalPort, mapping.Lifetime));
        await host.QueryAsync();
        Assert.Equal(0, host.Mapper.StateLossCount);
    }

    [Fact]
    public async Task Map_LeaseBeyondAWeekAndNothingTold_CountsOnAWeek()
    {
        await using IgdFixture host = new(new FakeGatewayQuirks { EntryError = 401 });
        Assert.Equal(TimeSpan.FromDays(7), (await host.MapAsync(seconds: 10_000_000)).Lifetime);
    }

    private static PortMapping Former(IgdFixture host) =>
        new(PortMappingMethod.Igd, host.Gateway.Address, PortMappingProtocol.Udp, Port, Port, TimeSpan.FromHours(1), host.Clock.GetUtcNow())
        {
            InternalAddress = s_former,
        };

    private static void Put(IgdFixture host, IPAddress client, string description = Description) => host.Gateway.Put(
        new FakeMapping(PortMappingProtocol.Udp, client, Port, Port, DateTimeOffset.MaxValue) { Description = description });

    /// <summary>The host gets another address, with a mapping of the former one on the gateway.</summary>
    private static async Task MoveAsync(IgdFixture host)
    {
        Put(host, s_former);
        host.Services.Memory.Note(Former(host));
        await host.RestartAsync();
    }
}
