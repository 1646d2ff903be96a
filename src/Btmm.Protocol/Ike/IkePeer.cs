using System.Net;

namespace Btmm.Protocol.Ike;

/// <summary>Another host to which an <see cref="IkeEndpoint"/> is asked to build a tunnel. Immutable.</summary>
public sealed record IkePeer
{
    /// <summary>The peer's identifier: the IPv6 ULA that is its one traffic selector.</summary>
    public required IPAddress Identifier { get; init; }

    /// <summary>The peer's IKE identity, a host name (ID_FQDN) without final dot. Compared without regard to case.</summary>
    public required string Identity { get; init; }

    /// <summary>The address and UDP port at which the peer is reachable now.</summary>
    public required IPEndPoint Endpoint { get; init; }
}
