using System.Net.Sockets;
using Btmm.Core.Contracts;
using Btmm.Core.NatTraversal.Igd;
using Btmm.Core.NatTraversal.Memory;
using Btmm.Core.NatTraversal.NatPmp;
using Btmm.Core.NatTraversal.Pcp;

namespace Btmm.Core.NatTraversal.Auto;

/// <summary>The methods by which a gateway can be asked, best first, each writing what it does into the memory.</summary>
internal static class MapperLanes
{
    /// <summary>PCP before NAT-PMP before IGD; an IPv6 gateway is asked by PCP only.</summary>
    private static readonly PortMappingMethod[] s_byPreference = [PortMappingMethod.Pcp, PortMappingMethod.NatPmp, PortMappingMethod.Igd];

    internal static IReadOnlyList<MapperLane> Make(GatewayRoute route, PortMapperServices services)
    {
        bool isV6 = route.Gateway.AddressFamily == AddressFamily.InterNetworkV6;
        return [.. s_byPreference.Where(method => !isV6 || method == PortMappingMethod.Pcp).Select(method => Lane(method, route, services))];
    }

    private static MapperLane Lane(PortMappingMethod method, GatewayRoute route, PortMapperServices services) =>
        new(method, () => new RecordingPortMapper(Open(method, route, services), method, services.MemoryOf(route), services.Time));

    private static IPortMapper Open(PortMappingMethod method, GatewayRoute route, PortMapperServices services) => method switch
    {
        PortMappingMethod.Pcp => new PcpPortMapper(route, services),
        PortMappingMethod.Igd => new IgdPortMapper(route, services),
        _ => new NatPmpPortMapper(route, services),
    };
}
