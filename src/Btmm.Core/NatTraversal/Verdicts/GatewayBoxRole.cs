namespace Btmm.Core.NatTraversal.Verdicts;

/// <summary>What a box on the way to the internet is.</summary>
public enum GatewayBoxRole
{
    /// <summary>This host itself.</summary>
    Host,

    /// <summary>This network's own gateway.</summary>
    Gateway,

    /// <summary>A second gateway between the first and the provider.</summary>
    OuterGateway,

    /// <summary>The provider's equipment.</summary>
    Provider,

    /// <summary>Whatever filters this network's traffic.</summary>
    Firewall,

    /// <summary>The sign-in page of this network.</summary>
    Portal,
}
