using Btmm.Core.NatTraversal;
using Btmm.Core.NatTraversal.Verdicts;
using Btmm.Core.Peers;

namespace Btmm.Core.Node;

/// <summary>The node's links to the world outside, so that tests can replace them.</summary>
internal sealed class NodeConnections
{
    /// <summary>Talks to gateways, writes what it maps into a memory, and tells what it refuses.</summary>
    internal required Func<IMappingMemory, Action<RefusedAnswer>, IPortMapperFactory> OpenMappers { get; init; }

    /// <summary>
    /// Makes what examines the way to the internet, with what the keeper of the mapping knows and the memory holds; null for no
    /// examinations. It tells what it refuses, too.
    /// </summary>
    internal Func<IMappingMemory, Action<RefusedAnswer>, Func<EndpointState, CancellationToken, Task<GatewayVerdict>>>? OpenExaminer { get; init; }

    /// <summary>Tells at which address this host's packets arrive outside; null when nobody can be asked.</summary>
    internal IExternalAddressFinder? ExternalAddresses { get; init; }

    /// <summary>Sends updates to the zone service.</summary>
    internal required IZoneUpdater ZoneUpdater { get; init; }

    /// <summary>Watches the zone's records; the peer watcher disposes it.</summary>
    internal required Func<IRecordWatcher> OpenRecordWatcher { get; init; }
}
