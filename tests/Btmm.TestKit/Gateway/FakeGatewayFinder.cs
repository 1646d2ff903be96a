using System.Net;
using Btmm.Core.Contracts;

namespace Btmm.TestKit;

/// <summary>A routing table in memory. Thread-safe.</summary>
public sealed class FakeGatewayFinder : IGatewayFinder
{
    private volatile GatewayRoute? _route;

    /// <inheritdoc/>
    public GatewayRoute? FindDefault() => _route;

    /// <summary>The default route leads over a gateway from now on.</summary>
    public void Set(string gateway, string local, int interfaceIndex = 2) =>
        _route = new GatewayRoute(IPAddress.Parse(gateway), IPAddress.Parse(local), interfaceIndex, $"eth{interfaceIndex}");

    /// <summary>There is no default route any more.</summary>
    public void Clear() => _route = null;
}
