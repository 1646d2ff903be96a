namespace Btmm.Core.NatTraversal;

/// <summary>By which protocol a gateway is asked to map ports.</summary>
public enum PortMappingMethod
{
    /// <summary>NAT-PMP (RFC 6886).</summary>
    NatPmp,

    /// <summary>PCP (RFC 6887).</summary>
    Pcp,

    /// <summary>UPnP Internet Gateway Device, version 1 or 2.</summary>
    Igd,
}
