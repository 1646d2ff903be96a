namespace Btmm.Protocol.NatTraversal.NatPmp;

/// <summary>NAT-PMP operations (RFC 6886 §3.2, §3.3). A response carries the operation plus 128.</summary>
public enum NatPmpOpcode : byte
{
    /// <summary>What is the external address?</summary>
    ExternalAddress = 0,

    /// <summary>Map a UDP port.</summary>
    MapUdp = 1,

    /// <summary>Map a TCP port.</summary>
    MapTcp = 2,
}
