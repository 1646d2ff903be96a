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

    /// <summary>
    /// A port of this host as NAT-PMP and PCP write it. 0 would concern every port (RFC 6886 §3.4, RFC 6887 §11.1), so it is not let through.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">It is none.</exception>
    internal static ushort InternalPortNumber(int port)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(port, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(port, ushort.MaxValue);
        return (ushort)port;
    }

    /// <summary>The ports and the lifetime as NAT-PMP and PCP write them.</summary>
    /// <exception cref="ArgumentOutOfRangeException">One of them cannot be written.</exception>
    internal (ushort InternalPort, ushort SuggestedExternalPort, uint LifetimeSeconds) Numbers()
    {
        ArgumentOutOfRangeException.ThrowIfNegative(SuggestedExternalPort);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(SuggestedExternalPort, ushort.MaxValue);
        ArgumentOutOfRangeException.ThrowIfLessThan(Lifetime, TimeSpan.FromSeconds(1));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Lifetime, TimeSpan.FromSeconds(uint.MaxValue));
        return (InternalPortNumber(InternalPort), (ushort)SuggestedExternalPort, (uint)Lifetime.TotalSeconds);
    }

    /// <summary>Whether the external port that was granted is worse than none.</summary>
    internal bool Rejects(int externalPort) => PreferFailure && SuggestedExternalPort != 0 && externalPort != SuggestedExternalPort;
}
