using System.Net;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal;
using Btmm.Core.NatTraversal.Keeping;
using Btmm.Core.Tests.NatTraversal.Auto;
using Btmm.TestKit;

namespace Btmm.Core.Tests.NatTraversal.Keeping;

/// <summary>The keeper over a gateway of several methods: addresses that come with mappings, renewals that lie, losses, pinholes.</summary>
public sealed class MappingKeeperMethodTests : IAsyncDisposable
{
    private static readonly IPEndPoint s_endpoint = IPEndPoint.Parse($"203.0.113.10:{AutoFixture.Port}");
    private static readonly TimeSpan s_poll = TimeSpan.FromSeconds(30);
    private readonly AutoFixture _lab = new();
    private readonly FakeGatewayFinder _routes = new();
    private MappingKeeper? _keeper;

    public MappingKeeperMethodTests() => _routes.Set("192.168.1.1", "192.168.1.100");

    private MappingKeeper Keeper => _keeper ??= NewKeeper();

    public async ValueTask DisposeAsync()
    {
        if (_keeper is not null) await StopAsync(_keeper);
    }

    [Fact]
    public async Task Keeper_AddressToldWithTheMapping_IsTheEndpoint()
    {
        TimeSpan took = await StartAsync();
        Assert.True(took < TimeSpan.FromSeconds(1), $"{took}");
        Assert.Equal(s_endpoint, Keeper.Current.Endpoint);
        Assert.Equal(PortMappingMethod.Pcp, Assert.Single(_lab.Memory.Mappings).Method);
        await StopAsync(Keeper);
        Assert.Equal(0, _lab.Mappings);
        Assert.Empty(_lab.Memory.Mappings);
    }

    [Theory]
    [InlineData("192.168.0.2")]
    [InlineData("100.64.0.60")]
    public async Task Keeper_MappedAddressNotPublic_DoubleNatReleasedAndNothingOffered(string external)
    {
        _lab.Pcp.MappedExternal = IPAddress.Parse(external);
        Keeper.Start();
        await UntilAsync(() => Keeper.Current.Phase == EndpointPhase.Unavailable);
        Assert.Equal(BtmmErrorReason.DoubleNat, Keeper.Current.Reason);
        Assert.Equal(IPAddress.Parse(external), Keeper.Current.ExternalAddress);
        Assert.Empty(Keeper.Current.Candidates);
        Assert.Equal(0, _lab.Mappings);
        Assert.Empty(_lab.Memory.Mappings);
        _lab.Pcp.MappedExternal = IPAddress.Parse("203.0.113.10");
        await UntilAsync(() => s_endpoint.Equals(Keeper.Current.Endpoint));
    }

    [Fact]
    public async Task Keeper_RenewalGivesWhatIsLeft_NoticedAndMadeAnew()
    {
        LookSeldom();
        _lab.UseOnly(_lab.NatPmp);
        _lab.NatPmp.Grant = (asked, left) => left > TimeSpan.Zero ? left : asked;
        await StartAsync();
        for (int hour = 0; hour < 12; hour++)
        {
            await _lab.Clock.RunForAsync(TimeSpan.FromMinutes(20));
            Assert.Equal(1, _lab.Mappings);
            Assert.Equal(s_endpoint, Keeper.Current.Endpoint);
        }

        Assert.InRange(_lab.NatPmp.Deletes, 6, 9); // Every half hour or so: once noticed, no useless renewal is tried before.
        Assert.InRange(_lab.NatPmp.Maps, 8, 12);
    }

    [Fact]
    public async Task Keeper_RenewalGivesWhatIsLeftAndDeletionHelpsNot_RealEndIsReliedUpon()
    {
        LookSeldom();
        _lab.UseOnly(_lab.NatPmp);
        _lab.NatPmp.Grant = (asked, left) => left > TimeSpan.Zero ? left : asked;
        _lab.NatPmp.KeepsDeleted = true;
        await StartAsync();
        await _lab.Clock.RunForAsync(TimeSpan.FromMinutes(59.9));
        Assert.InRange(_lab.NatPmp.Maps, 3, 4);
        await _lab.Clock.RunForAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(1, _lab.Mappings);
        Assert.Equal(s_endpoint, Keeper.Current.Endpoint);
    }

    [Theory]
    [InlineData(PortMappingMethod.Pcp)]
    [InlineData(PortMappingMethod.NatPmp)]
    [InlineData(PortMappingMethod.Igd)]
    public async Task Keeper_RenewalOnlyClaimsToExtend_MappingIsGoneForASecondOrTwo(PortMappingMethod method)
    {
        LookSeldom();
        FakeMethod one = _lab.Methods.Single(fake => fake.Method == method);
        _lab.UseOnly(one);
        one.ClaimsOnly = true;
        await StartAsync();
        await _lab.Clock.RunForAsync(TimeSpan.FromMinutes(125));
        Assert.InRange(_lab.Table.Gone.TotalSeconds, 0.5, 5);
        Assert.Equal(1, _lab.Mappings);
    }

    [Theory]
    [InlineData(PortMappingMethod.Pcp)]
    [InlineData(PortMappingMethod.NatPmp)]
    [InlineData(PortMappingMethod.Igd)]
    public async Task Keeper_GatewayRebooted_MappedAgainByTheSameMethod(PortMappingMethod method)
    {
        FakeMethod one = _lab.Methods.Single(fake => fake.Method == method);
        _lab.UseOnly(one);
        await StartAsync();
        _lab.Table.Clear();
        one.StateLossCount++;
        TimeSpan took = await UntilAsync(() => _lab.Mappings == 1);
        Assert.True(took <= s_poll + TimeSpan.FromSeconds(1), $"{took}");
        Assert.True(_lab.Table.Has(method, AutoFixture.Port));
        await UntilAsync(() => Keeper.GatewayRestarts.TryRead(out _));
    }

    [Fact]
    public async Task Keeper_AddressChanged_ToldAndMappedAgain()
    {
        _lab.UseOnly(_lab.Igd);
        await StartAsync();
        int maps = _lab.Igd.Maps;
        _lab.Igd.External = IPAddress.Parse("203.0.113.77");
        await UntilAsync(() => IPAddress.Parse("203.0.113.77").Equals(Keeper.Current.Endpoint?.Address));
        Assert.Equal(maps + 1, _lab.Igd.Maps);
    }

    [Fact]
    public async Task Keeper_MakersProtocolSwitchedOff_OtherMethodMapsAtTheNextLook()
    {
        await StartAsync();
        _lab.Pcp.QueryFailure = _lab.Pcp.MapFailure = BtmmErrorReason.PortMappingUnsupported;
        _lab.Table.Clear(); // The gateway restarted with another configuration.
        TimeSpan took = await UntilAsync(() => _lab.Table.Has(PortMappingMethod.NatPmp, AutoFixture.Port));
        Assert.True(took <= s_poll + TimeSpan.FromSeconds(2), $"{took}");
        Assert.Equal(1, _lab.Mappings);
        Assert.Equal(s_endpoint, Keeper.Current.Endpoint);
    }

    [Fact]
    public async Task Keeper_PermanentMapping_RenewedAndReleasedAtTheStop()
    {
        LookSeldom();
        _lab.UseOnly(_lab.Igd);
        _lab.Igd.GrantsPermanently = true;
        await StartAsync();
        await _lab.Clock.RunForAsync(TimeSpan.FromHours(3));
        Assert.Equal(1, _lab.Mappings);
        Assert.True(Assert.Single(_lab.Memory.Mappings).IsPermanent);
        Assert.True(await StopAsync(Keeper));
        Assert.Equal(0, _lab.Mappings);
    }

    [Fact]
    public async Task Keeper_MappingOfACrashedRun_TakenOverWithItsExternalPort()
    {
        PortMapping former = new(
            PortMappingMethod.Igd, _lab.Route.Gateway, PortMappingProtocol.Udp, AutoFixture.Port, 40001, TimeSpan.FromHours(1), _lab.Clock.GetUtcNow());
        _lab.Memory.Note(former);
        await StartAsync();
        Assert.Equal(40001, Keeper.Current.Endpoint?.Port);
        Assert.Equal(PortMappingMethod.Igd, Assert.Single(_lab.Memory.Mappings).Method);
        Assert.Equal(0, _lab.Igd.Deletes);
    }

    [Fact]
    public async Task Keeper_StoppedWhileTheAnswerIsLost_ReleasesWhatMayExist()
    {
        _lab.UseOnly(_lab.Igd);
        _lab.Memory.NoteMethod(new(_lab.Route.Gateway), PortMappingMethod.Igd);
        Keeper.Start();
        await UntilAsync(() => _lab.Igd.Queries > 0);
        _lab.Igd.Dumb = true;
        await UntilAsync(() => _lab.Igd.Maps > 0);
        Assert.Equal(1, _lab.Mappings);
        _lab.Igd.Dumb = false;
        Assert.True(await StopAsync(Keeper));
        Assert.Equal(0, _lab.Mappings);
        Assert.Empty(_lab.Memory.Mappings);
    }

    [Fact]
    public async Task Keeper_SilenceFromTheStart_AskedAgainSoonThenSeldom()
    {
        foreach (FakeMethod method in _lab.Methods) method.Deaf = true;
        Keeper.Start();
        await UntilAsync(() => Keeper.Current.Reason == BtmmErrorReason.PortMappingUnsupported);
        await _lab.Clock.RunForAsync(TimeSpan.FromMinutes(1));
        Assert.InRange(_lab.NatPmp.Queries, 2, 4); // A gateway that starts with this host is found within a minute.
        await _lab.Clock.RunForAsync(TimeSpan.FromMinutes(29));
        Assert.InRange(_lab.NatPmp.Queries, 7, 12);
        foreach (FakeMethod method in _lab.Methods) method.Deaf = false;
        Keeper.NotifyNetworkChanged();
        await UntilAsync(() => Keeper.Current.Phase == EndpointPhase.Available);
    }

    [Fact]
    public async Task Keeper_LossesOfAllKinds_NothingLeftAfterTheStop()
    {
        for (int seed = 0; seed < 4; seed++)
        {
            var random = new Random(seed);
            AutoFixture lab = new();
            MappingKeeper keeper = NewKeeper(lab);
            keeper.Start();
            for (int step = 0; step < 4; step++)
            {
                foreach (FakeMethod method in lab.Methods)
                {
                    method.Deaf = random.Next(4) == 0;
                    method.Dumb = random.Next(4) == 0;
                    method.MapFailure = random.Next(4) == 0 ? BtmmErrorReason.PortMappingNotAuthorized : null;
                }

                if (random.Next(3) == 0) keeper.NotifyNetworkChanged();
                await lab.Clock.RunForAsync(TimeSpan.FromSeconds(random.Next(1, 90)));
            }

            foreach (FakeMethod method in lab.Methods)
            {
                method.Deaf = method.Dumb = false;
                method.MapFailure = null;
            }

            Task<bool> stop = keeper.StopAsync();
            await lab.Clock.RunUntilAsync(() => stop.IsCompleted, TimeSpan.FromMinutes(1));
            Assert.True(await stop, $"seed {seed}");
            Assert.True(lab.Mappings == 0, $"seed {seed}: {lab.Mappings} left");
            Assert.Empty(lab.Memory.Mappings);
        }
    }

    [Fact]
    public async Task Pinhole_Wanted_IsACandidateBesideTheMappingAndReleased()
    {
        _routes.SetV6("fe80::1%2", "2001:db8::100");
        _keeper = NewKeeper(options: new MappingKeeperOptions { InternalPort = AutoFixture.Port, Pinholes = true });
        Keeper.Start();
        await UntilAsync(() => Keeper.Current.Candidates.Count == 2);
        Assert.Equal(s_endpoint, Keeper.Current.Endpoint);
        EndpointCandidate pinhole = Keeper.Current.Candidates[1];
        Assert.Equal(EndpointCandidateKind.Pinhole, pinhole.Kind);
        Assert.Equal(IPEndPoint.Parse($"[2001:db8::100]:{AutoFixture.Port}"), new IPEndPoint(pinhole.Address, pinhole.Port));
        Assert.NotNull(pinhole.ExpiresAt);
        Assert.Contains(_lab.Memory.Mappings, mapping => mapping.Gateway.Equals(IPAddress.Parse("fe80::1%2")));
        await StopAsync(Keeper);
        Assert.Empty(_lab.Memory.Mappings);
        Assert.Empty(Keeper.Current.Candidates);
    }

    [Fact]
    public async Task Pinhole_PublicIpv4Host_HasBoth()
    {
        _routes.Set("203.0.113.1", "203.0.113.50");
        _routes.SetV6("fe80::1%2", "2001:db8::100");
        _keeper = NewKeeper(options: new MappingKeeperOptions { InternalPort = AutoFixture.Port, Pinholes = true, PollInterval = TimeSpan.FromMinutes(10) });
        Keeper.Start();
        await UntilAsync(() => Keeper.Current.Candidates.Count == 2);
        Assert.Equal([EndpointCandidateKind.DirectPublic, EndpointCandidateKind.Pinhole], Keeper.Current.Candidates.Select(candidate => candidate.Kind));
        DateTimeOffset? expiry = Keeper.Current.Candidates[1].ExpiresAt;
        await UntilAsync(() => Keeper.Current.Candidates[1].ExpiresAt > expiry); // Renewed.
    }

    [Fact]
    public async Task Pinhole_RouteGoneOrRefused_NoCandidateAndIpv4Untouched()
    {
        _routes.SetV6("fe80::1%2", "2001:db8::100");
        _keeper = NewKeeper(options: new MappingKeeperOptions { InternalPort = AutoFixture.Port, Pinholes = true });
        Keeper.Start();
        await UntilAsync(() => Keeper.Current.Candidates.Count == 2);
        _routes.Clear();
        _routes.Set("192.168.1.1", "192.168.1.100");
        await UntilAsync(() => Keeper.Current.Candidates.Count == 1);
        Assert.Equal(s_endpoint, Keeper.Current.Endpoint);
        Assert.Equal(EndpointPhase.Available, Keeper.Current.Phase);
    }

    [Fact]
    public async Task Pinhole_NotAskedFor_Ipv6IsLeftAlone()
    {
        _routes.SetV6("fe80::1%2", "2001:db8::100");
        await StartAsync();
        await _lab.Clock.RunForAsync(TimeSpan.FromMinutes(2));
        Assert.Single(Keeper.Current.Candidates);
        Assert.All(_lab.Memory.Mappings, mapping => Assert.Equal(_lab.Route.Gateway, mapping.Gateway));
    }

    /// <summary>For tests of many hours: looks are rare, unless something is due.</summary>
    private void LookSeldom() =>
        _keeper = NewKeeper(options: new MappingKeeperOptions { InternalPort = AutoFixture.Port, PollInterval = TimeSpan.FromMinutes(10) });

    private MappingKeeper NewKeeper(AutoFixture? lab = null, MappingKeeperOptions? options = null)
    {
        AutoFixture on = lab ?? _lab;
        return new MappingKeeper(
            options ?? new MappingKeeperOptions { InternalPort = AutoFixture.Port }, _routes, on, on.Clock, SystemRandomSource.Instance, on.Memory);
    }

    private async Task<TimeSpan> StartAsync()
    {
        Keeper.Start();
        return await UntilAsync(() => Keeper.Current.Phase == EndpointPhase.Available);
    }

    private async Task<TimeSpan> UntilAsync(Func<bool> condition)
    {
        TimeSpan start = _lab.Clock.Elapsed;
        await _lab.Clock.RunUntilAsync(condition, TimeSpan.FromHours(3));
        return _lab.Clock.Elapsed - start;
    }

    private async Task<bool> StopAsync(MappingKeeper keeper)
    {
        Task<bool> stop = keeper.StopAsync();
        await _lab.Clock.RunUntilAsync(() => stop.IsCompleted, TimeSpan.FromMinutes(1));
        return await stop;
    }
}
