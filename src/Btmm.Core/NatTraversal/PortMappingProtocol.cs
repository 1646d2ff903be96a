namespace Btmm.Core.NatTraversal;

/// <summary>The transport protocol of a mapped port.</summary>
public enum PortMappingProtocol
{
    /// <summary>UDP.</summary>
    Udp,

    /// <summary>TCP.</summary>
    Tcp,
}
