namespace Btmm.Core.NatTraversal;

/// <summary>
/// A gateway's multicast that something changed. Anybody on the link can forge one, so it is only a reason to ask.
/// </summary>
/// <param name="StateLost">Whether it says that the gateway lost its mappings.</param>
public readonly record struct GatewayAnnouncement(bool StateLost);
