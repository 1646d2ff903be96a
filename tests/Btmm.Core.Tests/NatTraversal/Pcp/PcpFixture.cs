using System.Net;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal;
using Btmm.Core.NatTraversal.Memory;
using Btmm.Core.NatTraversal.Pcp;
using Btmm.Core.Tests.Kit;
using Btmm.Protocol.NatTraversal.Pcp;
using Btmm.TestKit;

namespace Btmm.Core.Tests.NatTraversal.Pcp;

/// <summary>A host and a gateway in memory, with a PCP mapper between them.</summary>
internal sealed class PcpFixture : IAsyncDisposable
{
    public static readonly PortMappingRequest Request = new(PortMappingProtocol.Udp, 4500, 4500, TimeSpan.FromHours(1));

    public PcpFixture(FakeGatewayProtocols protocols = FakeGatewayProtocols.All, bool ipv6 = false)
    {
        Wire = new VirtualWire(Clock);
        Host = Wire.Host("192.168.1.100", "2001:db8:7::100");
        Gateway = new FakeGateway(Wire, "192.168.1.1", "203.0.113.10", Clock, protocols, "fe80::1");
        Route = ipv6
            ? new GatewayRoute(IPAddress.Parse("fe80::1%2"), IPAddress.Parse("2001:db8:7::100"), 2, "eth0")
            : new GatewayRoute(IPAddress.Parse("192.168.1.1"), IPAddress.Parse("192.168.1.100"), 2, "eth0");
        Memory = new MappingMemory(SystemRandomSource.Instance);
        Services = new PortMapperServices(Host, Host, SystemRandomSource.Instance, Clock, Memory);
        Mapper = new PcpPortMapper(Route, Services);
    }

    public FakeClock Clock { get; } = new();

    public VirtualWire Wire { get; }

    public VirtualHost Host { get; }

    public FakeGateway Gateway { get; }

    public GatewayRoute Route { get; }

    public MappingMemory Memory { get; }

    public PortMapperServices Services { get; }

    public PcpPortMapper Mapper { get; }

    /// <summary>Where the mapper sent its last request from.</summary>
    public string ClientEndPoint => Wire.Sent.Last(datagram => datagram.To.Port == PcpConstants.ServerPort).From.ToString();

    public Task<PortMapping> MapAsync(PortMappingRequest? request = null, ExchangeEffort effort = ExchangeEffort.Brisk) =>
        RunAsync(Mapper.MapAsync(request ?? Request, effort, CancellationToken.None));

    public Task<GatewayAnswer> QueryAsync(ExchangeEffort effort = ExchangeEffort.Brisk) =>
        RunAsync(Mapper.QueryAsync(effort, CancellationToken.None));

    public Task<T> RunAsync<T>(Task<T> task) => Clock.RunAsync(task);

    public Task RunAsync(Task task) => Clock.RunAsync(task);

    public Task<BtmmException> FailAsync(Task task) => Clock.FailAsync(task);

    public async ValueTask DisposeAsync()
    {
        await Mapper.DisposeAsync();
        await Gateway.DisposeAsync();
    }
}
