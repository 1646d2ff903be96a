namespace Btmm.Core.NatTraversal;

/// <summary>What is asked of a gateway. Immutable.</summary>
/// <param name="Protocol">UDP or TCP.</param>
/// <param name="InternalPort">The port on this host, 1..65535.</param>
/// <param name="SuggestedExternalPort">The port wanted on the gateway, 0 for any.</param>
/// <param name="Lifetime">The lifetime wanted; whole seconds, at least one.</param>
public sealed record PortMappingRequest(
    PortMappingProtocol Protocol, int InternalPort, int SuggestedExternalPort, TimeSpan Lifetime)
{
    /// <summary>
    /// Whether another external port than the suggested one is worse than none (PCP's PREFER_FAILURE, RFC 6887 §13.2). NAT-PMP
    /// cannot say so: there the mapping is made, compared and given back.
    /// </summary>
    public bool PreferFailure { get; init; }

    /// <summary>Whether the external port that was granted is worse than none.</summary>
    internal bool Rejects(int externalPort) => PreferFailure && SuggestedExternalPort != 0 && externalPort != SuggestedExternalPort;
}
