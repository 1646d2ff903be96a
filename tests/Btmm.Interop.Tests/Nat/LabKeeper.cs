using System.Net;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal;
using Btmm.Core.NatTraversal.Auto;
using Btmm.Core.NatTraversal.Keeping;
using Btmm.Platform.Linux;
using Btmm.TestKit;

namespace Btmm.Interop.Tests.Nat;

/// <summary>A mapping keeper on a host of the lab, told of network changes as a node tells it.</summary>
internal sealed class LabKeeper : IAsyncDisposable
{
    private readonly NetlinkNetworkMonitor _monitor;
    private readonly Task _watch;
    private readonly NamespaceNetwork _network;

    /// <param name="lab">The lab.</param>
    /// <param name="host">The host.</param>
    /// <param name="port">The port to keep reachable.</param>
    /// <param name="lifetime">The lifetime to ask for; null for the keeper's own.</param>
    /// <param name="pollInterval">How often to look; null for the keeper's own.</param>
    /// <param name="method">The one method to map by; null for any.</param>
    /// <param name="memory">What the host remembers; null for a new memory.</param>
    public LabKeeper(
        Lab lab,
        string host,
        int port,
        TimeSpan? lifetime = null,
        TimeSpan? pollInterval = null,
        PortMappingMethod? method = null,
        IMappingMemory? memory = null)
    {
        _network = lab.Network(host);
        MappingKeeperOptions options = new() { InternalPort = port };
        if (lifetime is { } asked) options = options with { Lifetime = asked };
        if (pollInterval is { } interval) options = options with { PollInterval = interval };
        PortMapperServices services = LabMappers.Services(_network);
        if (memory is not null) services = services with { Memory = memory };
        PortMapperFactory mappers = new(services, method);
        Keeper = new MappingKeeper(options, _network, mappers, TimeProvider.System, SystemRandomSource.Instance, services.Memory);
        _monitor = _network.OpenMonitor();
        _watch = WatchAsync();
        Keeper.Start();
    }

    public MappingKeeper Keeper { get; }

    public EndpointState State => Keeper.Current;

    public Task<TimeSpan> AvailableAsync(string address) => Eventually.HoldsAsync(
        () => IPAddress.Parse(address).Equals(State.Endpoint?.Address),
        () => $"an endpoint at {address}; it was {State.Reason}: {State.Message}",
        TimeSpan.FromSeconds(60));

    public Task<TimeSpan> UnavailableAsync(BtmmErrorReason reason) => Eventually.HoldsAsync(
        () => State.Reason == reason, () => $"no endpoint because of {reason}; it was {State.Reason}: {State.Message}", TimeSpan.FromSeconds(60));

    public async ValueTask DisposeAsync()
    {
        await _monitor.DisposeAsync();
        await _watch;
        await Keeper.DisposeAsync();
    }

    private async Task WatchAsync()
    {
        GatewayRoute? last = null;
        await foreach (NetworkChange change in _monitor.Subscribe().ReadAllAsync())
        {
            if (change.Kind is not (NetworkChangeKind.Route or NetworkChangeKind.Overrun)) continue;
            GatewayRoute? now = _network.FindDefault();
            if (now is null || now == last) continue;
            last = now;
            Keeper.NotifyNetworkChanged();
        }
    }
}
