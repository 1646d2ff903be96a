namespace Btmm.Core.NatTraversal;

/// <summary>The port-mapping protocols as people know them.</summary>
public static class PortMappingNames
{
    /// <summary>A protocol's usual name.</summary>
    public static string Of(PortMappingMethod method) => method switch
    {
        PortMappingMethod.NatPmp => "NAT-PMP",
        PortMappingMethod.Pcp => "PCP",
        _ => "UPnP",
    };
}
