using System.Net;
using System.Net.NetworkInformation;
using Btmm.Core.Contracts;

namespace Btmm.TestKit;

/// <summary>A routing table in memory. Thread-safe.</summary>
public sealed class FakeGatewayFinder : IGatewayFinder
{
    private volatile GatewayRoute? _route;
    private volatile GatewayRoute? _routeV6;
    private volatile GatewayRoute[] _others = [];

    /// <inheritdoc/>
    public GatewayRoute? FindDefault() => _route;

    /// <inheritdoc/>
    public GatewayRoute? FindDefaultV6() => _routeV6;

    /// <inheritdoc/>
    public IReadOnlyList<GatewayRoute> FindAll() => [.. new[] { _route }.OfType<GatewayRoute>(), .. _others, .. new[] { _routeV6 }.OfType<GatewayRoute>()];

    /// <summary>The link-layer address of the gateway of an interface at this moment; null for unknown.</summary>
    public Func<int, PhysicalAddress?> LinkAddress { get; set; } = _ => null;

    /// <inheritdoc/>
    public PhysicalAddress? FindLinkAddress(GatewayRoute route)
    {
        ArgumentNullException.ThrowIfNull(route);
        return LinkAddress(route.InterfaceIndex);
    }

    /// <summary>The default route leads over a gateway from now on.</summary>
    public void Set(string gateway, string local, int interfaceIndex = 2) =>
        _route = new GatewayRoute(IPAddress.Parse(gateway), IPAddress.Parse(local), interfaceIndex, $"eth{interfaceIndex}");

    /// <summary>There is one more default route of IPv4, which is not the best.</summary>
    public void AddOther(string gateway, string local, int interfaceIndex) =>
        _others = [.. _others, new GatewayRoute(IPAddress.Parse(gateway), IPAddress.Parse(local), interfaceIndex, $"eth{interfaceIndex}")];

    /// <summary>The IPv6 default route leads over a gateway from now on.</summary>
    public void SetV6(string gateway, string local, int interfaceIndex = 2) =>
        _routeV6 = new GatewayRoute(IPAddress.Parse(gateway), IPAddress.Parse(local), interfaceIndex, $"eth{interfaceIndex}");

    /// <summary>There is no default route any more.</summary>
    public void Clear()
    {
        _route = null;
        _routeV6 = null;
        _others = [];
    }
}
