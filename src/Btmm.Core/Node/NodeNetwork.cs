using Btmm.Core.Dns;
using Btmm.Core.NatTraversal;
using Btmm.Core.NatTraversal.Auto;
using Btmm.Core.NatTraversal.Verdicts;

namespace Btmm.Core.Node;

/// <summary>Joins a node to the real network: one DNS client and one locator of the zone service for everything it does.</summary>
internal static class NodeNetwork
{
    // A node that just moved is in a hurry, and its zone service is one packet away: two quick tries before RFC 8085's pace.
    private static readonly DnsClientOptions s_dns = new() { FirstTimeout = TimeSpan.FromMilliseconds(500), Attempts = 4 };

    internal static NodeConnections Connect(BtmmNodeOptions options, NodePlatform platform)
    {
        var client = new DnsClient(platform.Channels, platform.Streams, platform.Random, platform.Time, s_dns);
        var finder = new ZoneServerFinder(client, platform.NameServers);
        var zone = new ZoneLocator(options.Account.Domain, options.Account.Servers, options.Account.UpdateKey, finder, options.Account.Authority);
        var stunServers = new NodeStunServers(zone, options.StunServers, platform.ResolveHost, platform.Time);
        return new NodeConnections
        {
            OpenMappers = (memory, refused) => new PortMapperFactory(Services(platform, memory, refused), options.MappingMethods),
            OpenExaminer = (memory, refused) =>
                new NodeExaminer(new GatewayExaminer(Parts(platform, Services(platform, memory, refused))), stunServers, memory).ExamineAsync,
            ExternalAddresses = new StunAddressFinder(stunServers.FindAsync, platform.Channels, platform.Random, platform.Time),
            ZoneUpdater = new ZoneUpdater(zone, new DnsUpdateClient(client)),
            OpenRecordWatcher = () => new ZoneWatcher(zone, client, platform.Channels, platform.Random, platform.Time),
        };
    }

    private static PortMapperServices Services(NodePlatform platform, IMappingMemory memory, Action<RefusedAnswer> refused) =>
        new(platform.Channels, platform.Streams, platform.Random, platform.Time, memory) { Gateways = platform.Gateways, Refused = refused };

    private static GatewayExaminerParts Parts(NodePlatform platform, PortMapperServices services) => new()
    {
        Gateways = platform.Gateways,
        OpenMapper = (method, route) => MapperLanes.Make(route, services).FirstOrDefault(lane => lane.Method == method)?.Mapper,
        Channels = platform.Channels,
        Streams = platform.Streams,
        Hops = platform.Hops,
        Random = platform.Random,
        Time = platform.Time,
    };
}
