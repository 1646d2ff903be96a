using Btmm.Core.Peers;

namespace Btmm.Core.Node;

/// <summary>The node's links to the world outside, so that tests can replace them.</summary>
internal sealed record NodeConnections
{
    /// <summary>Makes the keeper of the mapping of a local UDP port.</summary>
    internal required Func<int, IEndpointKeeper> OpenEndpointKeeper { get; init; }

    /// <summary>Sends updates to the zone service.</summary>
    internal required IZoneUpdater ZoneUpdater { get; init; }

    /// <summary>Watches the zone's records; the peer watcher disposes it.</summary>
    internal required Func<IRecordWatcher> OpenRecordWatcher { get; init; }

    /// <summary>Releases a mapping that a former run left on a gateway: gateway, internal port.</summary>
    internal required Func<SystemChange, CancellationToken, Task> ReleaseMapping { get; init; }
}
