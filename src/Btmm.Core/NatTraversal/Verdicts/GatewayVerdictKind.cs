namespace Btmm.Core.NatTraversal.Verdicts;

/// <summary>How this host stands towards the internet. Names are stable.</summary>
public enum GatewayVerdictKind
{
    /// <summary>Nothing could be learnt: no gateway, or nobody answered anything.</summary>
    Unknown,

    /// <summary>The host has a public address of its own, which a firewall may still stand in front of.</summary>
    DirectPublic,

    /// <summary>One NAT, whose gateway maps ports: the host can be reached.</summary>
    SingleNat,

    /// <summary>The gateway is behind another NAT: a mapping on it leads nowhere.</summary>
    DoubleNat,

    /// <summary>The provider shares one address among customers (RFC 6598, RFC 6333).</summary>
    Cgnat,

    /// <summary>The gateway maps no ports and sends each flow from another port: peers cannot guess where to send.</summary>
    SymmetricNat,

    /// <summary>The gateway maps no ports.</summary>
    NoMapping,

    /// <summary>TCP passes and UDP does not.</summary>
    UdpBlocked,

    /// <summary>The network wants a sign-in before it lets anything through.</summary>
    CaptivePortal,
}
