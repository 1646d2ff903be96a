using System.Net;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;
using Btmm.Protocol.NatTraversal;
using Btmm.Protocol.NatTraversal.Igd;

namespace Btmm.Core.NatTraversal.Igd;

/// <summary>
/// Where UPnP is spoken at all: between a host and a gateway that both have private addresses. It trusts everybody on the link, and
/// beyond a home that is anybody; and who has a public address needs no mapping.
/// </summary>
internal static class IgdScope
{
    /// <summary>Whether UPnP may be spoken with a gateway.</summary>
    internal static bool Includes(GatewayRoute route) => IsPrivate(route.Gateway) && IsPrivate(route.LocalAddress);

    /// <summary>What is told instead of speaking it.</summary>
    internal static BtmmException Outside(GatewayRoute route)
    {
        bool isHost = !IsPrivate(route.LocalAddress);
        string whose = isHost ? $"this host's own address {route.LocalAddress}" : "that address";
        return new BtmmException(
            BtmmErrorReason.PortMappingUnsupported,
            $"UPnP is not used with the gateway {route.Gateway}, because {whose} is not one of a private network; nothing was sent.",
            isHost ? "Nothing, if others reach that address; otherwise let the port through the firewall by hand." : "Use PCP or NAT-PMP, or forward the port by hand.")
        { Endpoint = new IPEndPoint(route.Gateway, IgdConstants.SsdpPort) };
    }

    // RFC 1918, RFC 3927 and RFC 6598. IPv6's private addresses never come here: UPnP maps ports of IPv4.
    private static bool IsPrivate(IPAddress address) => ExternalAddress.Classify(address)
        is ExternalAddressKind.Private or ExternalAddressKind.LinkLocal or ExternalAddressKind.CarrierShared;
}
