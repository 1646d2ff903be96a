using System.Net;

namespace Btmm.Core.Tunnel.Sessions;

/// <summary>A host of the account to which a tunnel may be built. Immutable.</summary>
public sealed record TunnelPeer
{
    /// <summary>The peer's identifier (IPv6 ULA).</summary>
    public required IPAddress Identifier { get; init; }

    /// <summary>The peer's host name (<c>studio.alice.members.example.net</c>), which is its IKE identity.</summary>
    public required string Name { get; init; }

    /// <summary>Where its records say it can be reached now; null while unknown.</summary>
    public IPEndPoint? Endpoint { get; init; }
}
