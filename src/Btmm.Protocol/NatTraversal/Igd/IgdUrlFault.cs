namespace Btmm.Protocol.NatTraversal.Igd;

/// <summary>Why a URL from a gateway is not followed.</summary>
public enum IgdUrlFault
{
    /// <summary>It may be followed.</summary>
    None,

    /// <summary>It is no URL, or too long, or carries a user name.</summary>
    Malformed,

    /// <summary>Its scheme is not http.</summary>
    Scheme,

    /// <summary>Its host is not the gateway's own address, written as an address.</summary>
    Host,

    /// <summary>Its port is none of 1..65535, or one on which no gateway serves pages (mail, DNS, and the like).</summary>
    Port,
}
