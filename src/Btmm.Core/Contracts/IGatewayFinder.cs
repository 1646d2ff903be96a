using System.Net;

namespace Btmm.Core.Contracts;

/// <summary>Finds the default IPv4 gateway in the routing table. Thread-safe.</summary>
public interface IGatewayFinder
{
    /// <summary>The gateway of the default route with the lowest metric, or null when there is none.</summary>
    GatewayRoute? FindDefault();
}

/// <summary>A default route.</summary>
/// <param name="Gateway">The next hop's IPv4 address.</param>
/// <param name="LocalAddress">The address this host uses towards it.</param>
/// <param name="InterfaceIndex">The interface's index.</param>
/// <param name="InterfaceName">The interface's name.</param>
public sealed record GatewayRoute(IPAddress Gateway, IPAddress LocalAddress, int InterfaceIndex, string InterfaceName);
