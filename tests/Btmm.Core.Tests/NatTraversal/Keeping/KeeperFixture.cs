using Btmm.Core.Contracts;
using Btmm.Core.NatTraversal;
using Btmm.Core.NatTraversal.Auto;
using Btmm.Core.NatTraversal.Keeping;
using Btmm.Core.NatTraversal.Memory;
using Btmm.TestKit;

namespace Btmm.Core.Tests.NatTraversal.Keeping;

/// <summary>A host, its gateway and a mapping keeper on a virtual wire and clock.</summary>
internal sealed class KeeperFixture : IAsyncDisposable
{
    public const int Port = 45678;

    public KeeperFixture(string hostAddress = "192.168.1.100", TimeSpan? pollInterval = null, string? stated = null, IExternalAddressFinder? addresses = null)
    {
        Wire = new VirtualWire(Clock);
        Host = Wire.Host(hostAddress);
        Gateway = new FakeGateway(Wire, "192.168.1.1", "203.0.113.10", Clock);
        Routes.Set("192.168.1.1", hostAddress);
        StatedEndpoint.TryParse(stated, out StatedEndpoint? endpoint);
        MappingKeeperOptions options = new() { InternalPort = Port, Stated = endpoint };
        if (pollInterval is { } interval) options = options with { PollInterval = interval };
        Memory = new MappingMemory(SystemRandomSource.Instance);
        PortMapperServices services = new(Host, Host, SystemRandomSource.Instance, Clock, Memory);
        var mappers = new PortMapperFactory(services, PortMappingMethod.NatPmp);
        Keeper = new MappingKeeper(options, Routes, mappers, Clock, SystemRandomSource.Instance, Memory, addresses);
    }

    public FakeClock Clock { get; } = new();

    public VirtualWire Wire { get; }

    public VirtualHost Host { get; }

    public FakeGateway Gateway { get; }

    public FakeGatewayFinder Routes { get; } = new();

    public MappingMemory Memory { get; }

    public MappingKeeper Keeper { get; }

    public EndpointState State => Keeper.Current;

    /// <summary>Starts the keeper and waits until the host has an endpoint.</summary>
    public async Task StartAsync()
    {
        Keeper.Start();
        await AvailableAsync();
    }

    /// <summary>Waits until the host has an endpoint. Returns how long that took in virtual time.</summary>
    public Task<TimeSpan> AvailableAsync() => UntilAsync(() => State.Phase == EndpointPhase.Available);

    /// <summary>Waits until it is known that the host has none. Returns how long that took in virtual time.</summary>
    public Task<TimeSpan> UnavailableAsync() => UntilAsync(() => State.Phase == EndpointPhase.Unavailable);

    public async Task<TimeSpan> UntilAsync(Func<bool> condition)
    {
        TimeSpan start = Clock.Elapsed;
        await Clock.RunUntilAsync(condition, TimeSpan.FromHours(3));
        return Clock.Elapsed - start;
    }

    /// <summary>Stops the keeper, with time running.</summary>
    public async Task<bool> StopAsync()
    {
        Task<bool> stop = Keeper.StopAsync();
        await Clock.RunUntilAsync(() => stop.IsCompleted, TimeSpan.FromMinutes(1));
        return await stop;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await Keeper.DisposeAsync();
        await Gateway.DisposeAsync();
    }
}
