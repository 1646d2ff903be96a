using System.Net;
using Btmm.Protocol.Identity;

namespace Btmm.Core.Peers;

/// <summary>Another host of the account, as last known. Immutable.</summary>
public sealed record BtmmPeer
{
    /// <summary>The host's name: <c>studio.alice.members.example.net</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The host's identifier.</summary>
    public required IPAddress Identifier { get; init; }

    /// <summary>Where its records say it can be reached; null when they do not.</summary>
    public IPEndPoint? Endpoint { get; init; }

    /// <summary>What it tells about itself.</summary>
    public required DeviceInfo Device { get; init; }

    /// <summary>When its records last changed, as seen here.</summary>
    public required DateTimeOffset LastChange { get; init; }

    /// <summary>Whether this comes from the cache of a former run and has not been confirmed by the zone service yet.</summary>
    public bool FromCache { get; init; }

    /// <summary>The first label of the name.</summary>
    public string HostLabel => Name.Split('.', 2)[0];
}
