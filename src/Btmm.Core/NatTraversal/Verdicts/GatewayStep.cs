namespace Btmm.Core.NatTraversal.Verdicts;

/// <summary>A step of an examination.</summary>
public enum GatewayStep
{
    /// <summary>A look at this host's routing table.</summary>
    Route,

    /// <summary>A question to the gateway in one of the port-mapping protocols.</summary>
    Gateway,

    /// <summary>A mapping made for a moment.</summary>
    Mapping,

    /// <summary>A STUN server was asked how this host looks from there.</summary>
    Stun,

    /// <summary>Whether the NAT keeps one outer port.</summary>
    NatMapping,

    /// <summary>Whom the NAT lets in.</summary>
    NatFiltering,

    /// <summary>Who stands so many hops away.</summary>
    Hop,

    /// <summary>A DNS question to a server of the zone by UDP.</summary>
    Dns,

    /// <summary>Whether TCP passes.</summary>
    Tcp,

    /// <summary>Whether somebody intercepts HTTP.</summary>
    Portal,
}
