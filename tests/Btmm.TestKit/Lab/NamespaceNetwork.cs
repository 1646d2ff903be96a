using System.Net;
using System.Net.NetworkInformation;
using Btmm.Core.Contracts;
using Btmm.Platform.Linux;
using Btmm.Platform.Sockets;

namespace Btmm.TestKit;

/// <summary>The operating system's sockets and routing table inside a network namespace. Thread-safe.</summary>
/// <param name="name">The namespace's name.</param>
public sealed class NamespaceNetwork(string name) : IDatagramChannelFactory, IStreamDialer, IGatewayFinder, IHopFinder
{
    private readonly UdpDatagramChannelFactory _channels = new();
    private readonly TcpStreamDialer _dialer = new();

    /// <summary>The namespace's name.</summary>
    public string Name { get; } = name;

    /// <inheritdoc/>
    public IDatagramChannel Open(DatagramChannelOptions options) => NetworkNamespace.Run(Name, () => _channels.Open(options));

    /// <inheritdoc/>
    public async ValueTask<Stream> ConnectAsync(IPEndPoint remote, CancellationToken cancellationToken) =>
        await NetworkNamespace.Run(Name, () => _dialer.ConnectAsync(remote, cancellationToken).AsTask()).ConfigureAwait(false);

    /// <inheritdoc/>
    public GatewayRoute? FindDefault() => NetworkNamespace.Run(Name, () => new NetlinkGatewayFinder().FindDefault());

    /// <inheritdoc/>
    public GatewayRoute? FindDefaultV6() => NetworkNamespace.Run(Name, () => new NetlinkGatewayFinder().FindDefaultV6());

    /// <inheritdoc/>
    public IReadOnlyList<GatewayRoute> FindAll() => NetworkNamespace.Run(Name, () => new NetlinkGatewayFinder().FindAll());

    /// <inheritdoc/>
    public PhysicalAddress? FindLinkAddress(GatewayRoute route) => NetworkNamespace.Run(Name, () => new NetlinkGatewayFinder().FindLinkAddress(route));

    /// <inheritdoc/>
    public async ValueTask<HopAnswer?> ProbeAsync(IPAddress destination, int hops, TimeSpan timeout, CancellationToken cancellationToken) =>
        await NetworkNamespace.Run(Name, () => new LinuxHopFinder().ProbeAsync(destination, hops, timeout, cancellationToken).AsTask()).ConfigureAwait(false);

    /// <summary>A monitor of the namespace's links, addresses and routes; the caller disposes it.</summary>
    public NetlinkNetworkMonitor OpenMonitor() => NetworkNamespace.Run(Name, () => new NetlinkNetworkMonitor());
}
