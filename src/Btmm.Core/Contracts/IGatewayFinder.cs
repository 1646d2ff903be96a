using System.Net;
using System.Net.NetworkInformation;

namespace Btmm.Core.Contracts;

/// <summary>Finds the default gateways in the routing table, and who they are on their link. Thread-safe.</summary>
public interface IGatewayFinder
{
    /// <summary>The gateway of the IPv4 default route with the lowest metric, or null when there is none.</summary>
    GatewayRoute? FindDefault();

    /// <summary>
    /// The gateway of the IPv6 default route with the lowest metric, or null when there is none or this host has no global address.
    /// </summary>
    GatewayRoute? FindDefaultV6();

    /// <summary>The gateways of all default routes, IPv4 before IPv6, lowest metric first; each once an interface.</summary>
    IReadOnlyList<GatewayRoute> FindAll();

    /// <summary>
    /// The link-layer address of a route's gateway, by what the system knows of its neighbours at this moment; nothing is sent. Null
    /// where it is not known: before the first packet to the gateway, on links without such addresses (VPN, point-to-point), and on
    /// systems that do not tell. After an answer of the gateway it is known if it ever will be. It is no part of the route, because
    /// it comes and goes while the network stays.
    /// </summary>
    PhysicalAddress? FindLinkAddress(GatewayRoute route);
}

/// <summary>A default route.</summary>
/// <param name="Gateway">The next hop's address; of IPv6, a link-local one with its scope as a rule.</param>
/// <param name="LocalAddress">The address this host uses through it; of IPv6, a global one.</param>
/// <param name="InterfaceIndex">The interface's index.</param>
/// <param name="InterfaceName">The interface's name.</param>
public sealed record GatewayRoute(IPAddress Gateway, IPAddress LocalAddress, int InterfaceIndex, string InterfaceName);
