using System.Net;
using System.Net.Sockets;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal;
using Btmm.Core.NatTraversal.Auto;
using Btmm.Core.NatTraversal.Memory;
using Btmm.Core.Tests.Kit;
using Btmm.TestKit;

namespace Btmm.Core.Tests.NatTraversal.Auto;

/// <summary>A gateway whose three methods are in memory, and mappers that choose among them.</summary>
internal sealed class AutoFixture : IPortMapperFactory
{
    public const int Port = 45678;

    public AutoFixture(IMappingMemory? memory = null, FakeClock? clock = null)
    {
        Clock = clock ?? new FakeClock();
        Memory = memory ?? new MappingMemory(SystemRandomSource.Instance);
        Pcp = new FakeMethod(PortMappingMethod.Pcp, Route.Gateway, Clock, Table) { External = null, MappedExternal = IPAddress.Parse("203.0.113.10") };
        NatPmp = new FakeMethod(PortMappingMethod.NatPmp, Route.Gateway, Clock, Table);
        Igd = new FakeMethod(PortMappingMethod.Igd, Route.Gateway, Clock, Table);
    }

    public FakeClock Clock { get; }

    public GatewayRoute Route { get; } = new(IPAddress.Parse("192.168.1.1"), IPAddress.Parse("192.168.1.100"), 2, "eth0");

    public FakeTable Table { get; } = new();

    public IMappingMemory Memory { get; }

    public FakeMethod Pcp { get; }

    public FakeMethod NatPmp { get; }

    public FakeMethod Igd { get; }

    public FakeMethod[] Methods => [Pcp, NatPmp, Igd];

    public int Mappings => Table.Count(Clock.GetUtcNow());

    public PortMappingRequest Request { get; } = new(PortMappingProtocol.Udp, Port, Port, TimeSpan.FromHours(1));

    /// <summary>The gateway speaks one method alone.</summary>
    public void UseOnly(FakeMethod one)
    {
        foreach (FakeMethod other in Methods.Where(method => method != one))
            other.QueryFailure = other.MapFailure = BtmmErrorReason.PortMappingUnsupported;
    }

    /// <summary>Who the gateway is on its link; null for unknown.</summary>
    public FakeGatewayFinder Neighbours { get; } = new();

    public GatewayMemory MemoryOf(GatewayRoute route) => new(Memory, Neighbours, route);

    public AutoPortMapper Open(PortMappingMethod? only = null) => Open(Route, only);

    /// <summary>Of IPv6, a gateway that speaks PCP and lets everything through.</summary>
    public IPortMapper Open(GatewayRoute route) => route.Gateway.AddressFamily == AddressFamily.InterNetwork
        ? Open(route, null)
        : new RecordingPortMapper(new FakeMethod(PortMappingMethod.Pcp, route.Gateway, Clock, new FakeTable()), PortMappingMethod.Pcp, MemoryOf(route), Clock);

    public AutoPortMapper Open(GatewayRoute route, PortMappingMethod? only) => new(
        route,
        MemoryOf(route),
        Clock,
        [.. Methods.Select(fake => new MapperLane(fake.Method, () => new RecordingPortMapper(fake, fake.Method, MemoryOf(route), Clock)))],
        only is { } one ? [one] : []);

    public Task<T> RunAsync<T>(Task<T> task) => Clock.RunAsync(task);

    public Task RunAsync(Task task) => Clock.RunAsync(task);

    public Task<BtmmException> FailAsync(Task task) => Clock.FailAsync(task);
}
