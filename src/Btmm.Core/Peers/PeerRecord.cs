using System.Net;
using Btmm.Protocol.Identity;

namespace Btmm.Core.Peers;

/// <summary>What the zone's records say about one host, checked. Immutable.</summary>
public sealed record PeerRecord
{
    /// <summary>The host's name, lower case, without trailing dot: <c>studio.alice.members.example.net</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The host's identifier, an IPv6 unique local address.</summary>
    public required IPAddress Identifier { get; init; }

    /// <summary>Where it can be reached; null while it publishes no (acceptable) endpoint.</summary>
    public IPEndPoint? Endpoint { get; init; }

    /// <summary>What it tells about itself.</summary>
    public DeviceInfo Device { get; init; } = DeviceInfo.Empty;

    /// <summary>
    /// Whether the zone has answered everything that the endpoint depends on; until then, a missing one says only that the answer is
    /// on its way.
    /// </summary>
    public bool IsSettled { get; init; } = true;
}
