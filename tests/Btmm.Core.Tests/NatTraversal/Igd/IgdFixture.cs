using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal;
using Btmm.Core.NatTraversal.Igd;
using Btmm.Core.NatTraversal.Memory;
using Btmm.Core.Tests.Kit;
using Btmm.Protocol.NatTraversal.Igd;
using Btmm.TestKit;

namespace Btmm.Core.Tests.NatTraversal.Igd;

/// <summary>A host, a gateway that speaks UPnP IGD alone, and a mapper between them, on a virtual wire and clock.</summary>
internal sealed class IgdFixture : IAsyncDisposable
{
    public const int Port = 45678;

    public IgdFixture(FakeGatewayQuirks? quirks = null, IStreamDialer? dialer = null, int? heldPort = null)
    {
        Wire = new VirtualWire(Clock);
        Host = Wire.Host("192.168.1.100");
        Gateway = new FakeGateway(Wire, "192.168.1.1", "203.0.113.10", Clock, FakeGatewayProtocols.Igd) { Quirks = quirks ?? new() };
        Services = new PortMapperServices(
            Host, dialer ?? Host, SystemRandomSource.Instance, Clock, new MappingMemory(SystemRandomSource.Instance));
        if (heldPort is { } port)
        {
            Services.Memory.Note(new PortMapping(
                PortMappingMethod.Igd, Gateway.Address, PortMappingProtocol.Udp, Port, port, TimeSpan.FromHours(1), Clock.GetUtcNow()));
        }

        Mapper = Open();
    }

    public FakeClock Clock { get; } = new();

    public VirtualWire Wire { get; }

    public VirtualHost Host { get; }

    public FakeGateway Gateway { get; }

    public PortMapperServices Services { get; }

    public IgdPortMapper Mapper { get; private set; }

    /// <summary>The searches that were sent, those to the group and those to the gateway.</summary>
    public int Searches => Wire.Sent.Count(datagram => datagram.To.Port == IgdConstants.SsdpPort && datagram.From.Address.Equals(Host.Address));

    /// <summary>As after a restart of the process: another mapper, with the same memory.</summary>
    public async Task RestartAsync()
    {
        await Mapper.DisposeAsync();
        Mapper = Open();
    }

    public Task<GatewayAnswer> QueryAsync(ExchangeEffort effort = ExchangeEffort.Thorough) =>
        RunAsync(Mapper.QueryAsync(effort, CancellationToken.None));

    public Task<PortMapping> MapAsync(
        int external = Port, PortMappingProtocol protocol = PortMappingProtocol.Udp, int seconds = 3600, bool preferFailure = false) =>
        RunAsync(Mapper.MapAsync(
            new PortMappingRequest(protocol, Port, external, TimeSpan.FromSeconds(seconds)) { PreferFailure = preferFailure },
            ExchangeEffort.Thorough,
            CancellationToken.None));

    public async Task DeleteAsync(PortMapping mapping) => await RunAsync(DeleteAndSayAsync(mapping));

    /// <summary>The exception that one of these operations ends with, which let time run themselves.</summary>
    public static async Task<BtmmException> FailsAsync(Task task)
    {
        BtmmException error = await Assert.ThrowsAsync<BtmmException>(() => task);
        Assert.NotEmpty(error.Remedy);
        Assert.NotNull(error.Endpoint);
        return error;
    }

    public Task<BtmmException> QueryFailsAsync(ExchangeEffort effort = ExchangeEffort.Thorough) =>
        FailsAsync(QueryAsync(effort));

    public Task<T> RunAsync<T>(Task<T> task) => Clock.RunAsync(task);

    public async ValueTask DisposeAsync()
    {
        await Mapper.DisposeAsync();
        await Gateway.DisposeAsync();
    }

    private IgdPortMapper Open() => new(new GatewayRoute(Gateway.Address, Host.Address, 2, "eth2"), Services);

    private async Task<bool> DeleteAndSayAsync(PortMapping mapping)
    {
        await Mapper.DeleteAsync(mapping, ExchangeEffort.Brief, CancellationToken.None);
        return true;
    }
}
