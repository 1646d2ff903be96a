using System.Net;
using Btmm.Core.Contracts;
using Btmm.Core.NatTraversal;
using Btmm.Core.NatTraversal.Auto;
using Btmm.Core.NatTraversal.Keeping;
using Btmm.Core.Peers;
using Btmm.Core.Tunnel;
using Btmm.Core.Tunnel.Sessions;

namespace Btmm.Core.Node;

/// <summary>Everything a running node consists of. Disposed by the node in its own order.</summary>
internal sealed class NodeParts
{
    internal required StateDirectory State { get; init; }
    internal required ChangeJournal Journal { get; init; }
    internal required JournalledSystem System { get; init; }
    internal required IPAddress Identifier { get; init; }
    internal required HostRecords Records { get; init; }
    internal required IDatagramSocket Socket { get; init; }
    internal required ITunDevice Tun { get; init; }
    internal required PacketPath Path { get; init; }
    internal required SessionManager Sessions { get; init; }
    internal required INetworkMonitor Monitor { get; init; }
    internal required NetworkWatcher Network { get; init; }
    internal required IMappingMemory Memory { get; init; }
    internal required FormerMappings Former { get; init; }
    internal required MappingKeeper Endpoint { get; init; }
    internal required GatewayHealth? Health { get; init; }
    internal required GatewayRefusals Refusals { get; init; }
    internal required RecordPublisher Publisher { get; init; }
    internal required PeerTable Peers { get; init; }
    internal required PeerCache Cache { get; init; }
    internal required IRecordWatcher RecordWatcher { get; init; }
    internal required PeerWatcher PeerWatcher { get; init; }
    internal required DateTimeOffset StartedAt { get; init; }
}
