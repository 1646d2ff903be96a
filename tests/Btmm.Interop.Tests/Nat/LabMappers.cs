using Btmm.Core.Contracts;
using Btmm.Core.NatTraversal;
using Btmm.Core.NatTraversal.Igd;
using Btmm.Core.NatTraversal.Memory;
using Btmm.Core.NatTraversal.NatPmp;
using Btmm.Core.NatTraversal.Pcp;
using Btmm.TestKit;

namespace Btmm.Interop.Tests.Nat;

/// <summary>The real port mappers, with the sockets of a host of the lab.</summary>
internal static class LabMappers
{
    /// <summary>What they need on a host; the memory is new.</summary>
    internal static PortMapperServices Services(NamespaceNetwork network) => new(
        network, network, SystemRandomSource.Instance, TimeProvider.System, new MappingMemory(SystemRandomSource.Instance))
    { Gateways = network };

    /// <summary>A host's way to its gateway.</summary>
    internal static GatewayRoute Route(NamespaceNetwork network, bool ipv6 = false) =>
        (ipv6 ? network.FindDefaultV6() : network.FindDefault()) ?? throw new InvalidOperationException("no default gateway");

    /// <summary>A mapper of one protocol alone.</summary>
    internal static IPortMapper Open(PortMappingMethod method, GatewayRoute route, PortMapperServices services) => method switch
    {
        PortMappingMethod.NatPmp => new NatPmpPortMapper(route, services),
        PortMappingMethod.Pcp => new PcpPortMapper(route, services),
        _ => new IgdPortMapper(route, services),
    };
}
