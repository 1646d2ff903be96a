using System.Net;
using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal;
using Btmm.Core.NatTraversal.Auto;
using Btmm.TestKit;

namespace Btmm.Core.Tests.NatTraversal.Auto;

/// <summary>What a former run left on gateways, and what of it is not to be touched.</summary>
public sealed class FormerMappingsTests
{
    private readonly AutoFixture _lab = new();
    private readonly FakeGatewayFinder _routes = new();
    private readonly List<PortMapping> _released = [];
    private readonly List<BtmmException> _failed = [];

    public FormerMappingsTests() => _routes.Set("192.168.1.1", "192.168.1.100");

    [Fact]
    public async Task Release_OtherPorts_GoneFromGatewayAndMemoryTheKeptPortStays()
    {
        PortMapping kept = Left(PortMappingMethod.Pcp, AutoFixture.Port);
        PortMapping old = Left(PortMappingMethod.Pcp, 40001);
        PortMapping asked = Left(PortMappingMethod.Igd, 40002) with { Lifetime = TimeSpan.Zero };
        _lab.Memory.Forget(asked);
        _lab.Memory.Note(asked);
        await ReleaseAsync();
        Assert.Equal([old, asked], _released);
        Assert.Empty(_failed);
        Assert.Equal(kept, Assert.Single(_lab.Memory.Mappings));
        Assert.Equal(1, _lab.Mappings);
    }

    [Theory]
    [InlineData(PortMappingMethod.Pcp)]
    [InlineData(PortMappingMethod.NatPmp)]
    [InlineData(PortMappingMethod.Igd)]
    public async Task Release_SameGatewayThroughTwoInterfaces_KeptPortStays(PortMappingMethod method)
    {
        PortMapping kept = Left(method, AutoFixture.Port);
        _routes.AddOther("192.168.1.1", "192.168.1.101", 3); // Cable and wireless on one router.
        await ReleaseAsync();
        Assert.Empty(_released);
        Assert.Equal(kept, Assert.Single(_lab.Memory.Mappings));
        Assert.True(_lab.Table.Has(method, AutoFixture.Port));
    }

    [Fact]
    public async Task Release_KeptPortOnAGatewayThatIsNotTheDefaultAnyMore_IsReleasedThere()
    {
        PortMapping left = Left(PortMappingMethod.NatPmp, AutoFixture.Port);
        _routes.Set("10.0.1.1", "10.0.1.102");
        _routes.AddOther("192.168.1.1", "192.168.1.100", 3);
        await ReleaseAsync();
        Assert.Equal(left, Assert.Single(_released));
    }

    [Fact]
    public async Task Release_DefaultRouteComesToTheGatewayMeanwhile_KeptPortStays()
    {
        Left(PortMappingMethod.NatPmp, 40001);
        PortMapping kept = Left(PortMappingMethod.NatPmp, AutoFixture.Port);
        _routes.Set("10.0.1.1", "10.0.1.102");
        _routes.AddOther("192.168.1.1", "192.168.1.100", 3);
        _lab.NatPmp.Delay = TimeSpan.FromSeconds(1);
        Task release = BeginReleaseAsync();
        await _lab.Clock.RunUntilAsync(() => _lab.NatPmp.Deletes == 1, TimeSpan.FromSeconds(5));
        _routes.Set("192.168.1.1", "192.168.1.100");
        await _lab.RunAsync(release);
        Assert.Equal(40001, Assert.Single(_released).InternalPort);
        Assert.Equal(kept, Assert.Single(_lab.Memory.Mappings));
        Assert.True(_lab.Table.Has(PortMappingMethod.NatPmp, AutoFixture.Port));
    }

    [Fact]
    public async Task Release_SilentProtocol_AskedOnceAndTheOthersAllTheSame()
    {
        for (int port = 1; port <= 50; port++) Left(PortMappingMethod.Pcp, port);
        Left(PortMappingMethod.Igd, 60);
        _lab.Pcp.Deaf = true;
        await ReleaseAsync();
        Assert.Equal(1, _lab.Pcp.Deletes);
        Assert.Equal(BtmmErrorReason.Timeout, Assert.Single(_failed).Reason);
        Assert.Equal(60, Assert.Single(_released).InternalPort);
        Assert.Equal(50, _lab.Memory.Mappings.Count); // Not lost: the next network or the next start tries again.
    }

    [Fact]
    public async Task Release_LinkLocalGatewayAfterAnotherBoot_IsKnownByItsAddress()
    {
        _routes.SetV6("fe80::1%7", "2001:db8::100");
        PortMapping left = Left(PortMappingMethod.Pcp, 40001) with { Gateway = IPAddress.Parse("fe80::1%2") };
        _lab.Memory.Forget(left with { Gateway = _lab.Route.Gateway });
        _lab.Memory.Note(left);
        await ReleaseAsync();
        Assert.Equal(left, Assert.Single(_released));
        Assert.Empty(_lab.Memory.Mappings);
    }

    private PortMapping Left(PortMappingMethod method, int port)
    {
        PortMapping mapping = new(
            method, _lab.Route.Gateway, PortMappingProtocol.Udp, port, port, TimeSpan.FromHours(1), _lab.Clock.GetUtcNow());
        _lab.Memory.Note(mapping);
        _lab.Table.Set(method, port, _lab.Clock.GetUtcNow(), mapping.Lifetime, permanent: false);
        return mapping;
    }

    private Task ReleaseAsync() => _lab.RunAsync(BeginReleaseAsync());

    private Task BeginReleaseAsync() => new FormerMappings(_lab.Memory, _lab, _routes).ReleaseAsync(
        PortMappingProtocol.Udp, AutoFixture.Port, _released.Add, _failed.Add, CancellationToken.None);
}
