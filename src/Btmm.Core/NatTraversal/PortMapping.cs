using System.Net;

namespace Btmm.Core.NatTraversal;

/// <summary>A port that a gateway forwards to this host. Immutable.</summary>
/// <param name="Method">How it was made.</param>
/// <param name="Gateway">The gateway's inner address.</param>
/// <param name="Protocol">UDP or TCP.</param>
/// <param name="InternalPort">The port on this host.</param>
/// <param name="ExternalPort">The port on the gateway's outer side.</param>
/// <param name="Lifetime">The lifetime granted.</param>
/// <param name="MappedAt">When the gateway answered.</param>
public sealed record PortMapping(
    PortMappingMethod Method,
    IPAddress Gateway,
    PortMappingProtocol Protocol,
    int InternalPort,
    int ExternalPort,
    TimeSpan Lifetime,
    DateTimeOffset MappedAt)
{
    /// <summary>When the gateway drops the mapping unless it is renewed.</summary>
    public DateTimeOffset ExpiresAt => MappedAt + Lifetime;
}
