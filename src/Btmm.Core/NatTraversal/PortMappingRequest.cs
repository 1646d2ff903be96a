namespace Btmm.Core.NatTraversal;

/// <summary>What is asked of a gateway.</summary>
/// <param name="Protocol">UDP or TCP.</param>
/// <param name="InternalPort">The port on this host, 1..65535.</param>
/// <param name="SuggestedExternalPort">The port wanted on the gateway, 0 for any.</param>
/// <param name="Lifetime">The lifetime wanted; whole seconds, at least one.</param>
public sealed record PortMappingRequest(
    PortMappingProtocol Protocol, int InternalPort, int SuggestedExternalPort, TimeSpan Lifetime);
