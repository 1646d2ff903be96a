namespace Btmm.Protocol.NatTraversal;

/// <summary>What sort of IPv4 address a gateway calls its external one.</summary>
public enum ExternalAddressKind
{
    /// <summary>Reachable from the internet. The documentation blocks count as public, so that test networks work.</summary>
    Public,

    /// <summary>0.0.0.0/8: the gateway has no address yet.</summary>
    Unspecified,

    /// <summary>10/8, 172.16/12 or 192.168/16 (RFC 1918): the gateway is behind another NAT.</summary>
    Private,

    /// <summary>100.64/10 (RFC 6598): the gateway is behind its provider's NAT.</summary>
    CarrierShared,

    /// <summary>169.254/16: the gateway found no address server on its outer side.</summary>
    LinkLocal,

    /// <summary>127/8.</summary>
    Loopback,

    /// <summary>192.0.0.0/24: the inner side of IPv4-over-IPv6 transition (RFC 7335), again a NAT further on.</summary>
    TransitionShared,

    /// <summary>224/4, 240/4, 198.18/15, or not IPv4 at all: never the address of a gateway.</summary>
    Reserved,
}
