namespace Btmm.Protocol.NatTraversal.Igd;

/// <summary>The transport protocol of a mapping. It is always written in upper case: some gateways take nothing else.</summary>
public enum IgdTransport
{
    /// <summary>"UDP".</summary>
    Udp,

    /// <summary>"TCP".</summary>
    Tcp,
}
