using System.Net;

namespace Btmm.Core.NatTraversal.Verdicts;

/// <summary>A box on the way to the internet. Immutable.</summary>
/// <param name="Role">What it is.</param>
/// <param name="Address">Its address as seen from this host; null when nothing told it.</param>
public sealed record GatewayBox(GatewayBoxRole Role, IPAddress? Address)
{
    /// <summary>The box in words, such as "the gateway 192.168.1.1".</summary>
    public override string ToString()
    {
        string name = Role switch
        {
            GatewayBoxRole.Host => "this host",
            GatewayBoxRole.Gateway => "the gateway",
            GatewayBoxRole.OuterGateway => "the outer gateway",
            GatewayBoxRole.Provider => "the provider's NAT",
            GatewayBoxRole.Firewall => "the firewall",
            _ => "the sign-in page",
        };
        return Address is null ? name : $"{name} {Address}";
    }
}
