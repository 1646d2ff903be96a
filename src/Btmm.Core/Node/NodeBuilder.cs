using System.Net;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal;
using Btmm.Core.NatTraversal.Auto;
using Btmm.Core.NatTraversal.Keeping;
using Btmm.Core.NatTraversal.Memory;
using Btmm.Core.Peers;
using Btmm.Core.SignOn;
using Btmm.Core.Tunnel;
using Btmm.Core.Tunnel.Sessions;
using Btmm.Protocol.Identity;
using Btmm.Protocol.Ike;

namespace Btmm.Core.Node;

/// <summary>
/// Puts the parts of a node together, in an order in which each failure leaves nothing behind: state directory, journal (undoing
/// what a crash left), identifier, socket, interface, packet path, sessions, then the parts that talk to the network.
/// </summary>
internal sealed class NodeBuilder
{
    private const string IdentifierFile = "identifier";
    private const string MemoryFile = "mappings.json";
    private const int PortAttempts = 20;
    private static readonly TimeSpan s_justBooted = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan s_firstDelayAfterBoot = TimeSpan.FromSeconds(3);

    private readonly BtmmNodeOptions _options;
    private readonly NodePlatform _platform;
    private readonly NodeConnections _connections;
    private readonly NodeEventLog _log;
    private readonly Stack<IDisposable> _undo = new();

    internal NodeBuilder(BtmmNodeOptions options, NodePlatform platform, NodeConnections connections, NodeEventLog log)
    {
        _options = options;
        _platform = platform;
        _connections = connections;
        _log = log;
    }

    /// <summary>Builds and undoes what was built when something fails.</summary>
    /// <exception cref="BtmmException">What is wrong.</exception>
    internal async Task<NodeParts> BuildAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await BuildPartsAsync(cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            while (_undo.TryPop(out IDisposable? made)) made.Dispose();
            throw;
        }
    }

    private async Task<NodeParts> BuildPartsAsync(CancellationToken cancellationToken)
    {
        StateDirectory state = Undoable(StateDirectory.Open(_options.StateDirectory));
        ChangeJournal journal = Undoable(ChangeJournal.Open(state.JournalPath));
        var system = new JournalledSystem(journal, _platform.System);
        Recover(journal, system);
        HostRecords records = await DescribeHostAsync(state, cancellationToken).ConfigureAwait(false);
        IPAddress identifier = records.Identifier;
        IDatagramSocket socket = Undoable(OpenSocket(state));
        MappingMemory memory = OpenMemory(state);
        var refusals = new GatewayRefusals(_log);
        IPortMapperFactory mappers = _connections.OpenMappers(memory, refusals.Tell);
        MappingKeeper keeper = OpenKeeper(socket.LocalPort, mappers, memory);

        _undo.Push(new Undoing(() => system.UndoAll()));
        ITunDevice tun = Undoable(system.CreateTunnelInterface(_options.InterfaceName, _options.Mtu, $"btmm:{_options.Account.Domain}"));
        system.AddAddress(tun.Name, identifier);
        var path = new PacketPath(tun, socket, time: _platform.Time, ciphers: _platform.Ciphers);
        var cache = new PeerCache(state, _options.Account.IkePreSharedKey.Span);
        PeerTable peers = RestorePeers(records, cache);
        RecordPublisher publisher = OpenPublisher(records);
        SessionManager sessions = OpenSessions(records, socket, path);
        IRecordWatcher recordWatcher = _connections.OpenRecordWatcher();
        INetworkMonitor monitor = _platform.OpenMonitor();
        return new NodeParts
        {
            State = state,
            Journal = journal,
            System = system,
            Identifier = identifier,
            Records = records,
            Socket = socket,
            Tun = tun,
            Path = path,
            Sessions = sessions,
            Monitor = monitor,
            Network = new NetworkWatcher(monitor, _platform.Gateways, _platform.Time),
            Memory = memory,
            Former = new FormerMappings(memory, mappers, _platform.Gateways),
            Endpoint = keeper,
            Health = OpenHealth(keeper, memory, refusals),
            Refusals = refusals,
            Publisher = publisher,
            Peers = peers,
            Cache = cache,
            RecordWatcher = recordWatcher,
            PeerWatcher = OpenPeerWatcher(records, recordWatcher, peers, publisher, sessions),
            StartedAt = _platform.Time.GetUtcNow(),
        };
    }

    private PeerTable RestorePeers(HostRecords records, PeerCache cache)
    {
        var peers = new PeerTable(records.Names.HostName.ToLower().ToString(), records.Identifier, _platform.Time);
        peers.Restore(cache.Load());
        return peers;
    }

    private PeerWatcher OpenPeerWatcher(
        HostRecords records, IRecordWatcher source, PeerTable peers, RecordPublisher publisher, SessionManager sessions) => new(
            source,
            new PeerDirectory(_options.Account.Domain, records.Names.HostName),
            peers,
            () => publisher.Current.Kind == PublicationKind.Published,
            record => sessions.GetTunnels().Any(tunnel => tunnel.State == TunnelState.Up && tunnel.Peer.Equals(record.Identifier)),
            _platform.Time);

    private SessionManager OpenSessions(HostRecords records, IDatagramSocket socket, PacketPath path)
    {
        var options = new SessionManagerOptions
        {
            PreSharedKey = _options.Account.IkePreSharedKey,
            Ike = new IkeOptions { LocalIdentity = records.Names.HostName.ToLower().ToString(), LocalIdentifier = records.Identifier },
            AccountDomain = _options.Account.Domain.ToString(),
        };
        return new SessionManager(
            options, path, socket, path.IkeDatagrams, path.Events, _platform.Random, _platform.Time);
    }

    private RecordPublisher OpenPublisher(HostRecords records)
    {
        bool justBooted = TimeSpan.FromMilliseconds(Environment.TickCount64) < s_justBooted;
        var options = new RecordPublisherOptions { Lease = _options.Lease, MaxFirstDelay = justBooted ? s_firstDelayAfterBoot : TimeSpan.Zero };
        return new RecordPublisher(_connections.ZoneUpdater, records, options, _platform.Time);
    }

    private MappingKeeper OpenKeeper(int port, IPortMapperFactory mappers, IMappingMemory memory) => new(
        new MappingKeeperOptions { InternalPort = port, Stated = _options.StatedEndpoint },
        _platform.Gateways,
        mappers,
        _platform.Time,
        _platform.Random,
        memory,
        _connections.ExternalAddresses);

    private GatewayHealth? OpenHealth(MappingKeeper keeper, IMappingMemory memory, GatewayRefusals refusals) =>
        _connections.OpenExaminer?.Invoke(memory, refusals.Tell) is { } examine
            ? new GatewayHealth(() => EndpointHere(keeper), examine, _platform.Time)
            : null;

    /// <summary>The endpoint, unless it is still looked for, or is that of the network before.</summary>
    private EndpointState? EndpointHere(MappingKeeper keeper)
    {
        EndpointState state = keeper.Current;
        GatewayRoute? route = _platform.Gateways.FindDefault();
        bool isHere = Equals(state.Gateway, route?.Gateway) && Equals(state.LocalAddress, route?.LocalAddress);
        return isHere && state.Phase != EndpointPhase.Searching ? state : null;
    }

    private MappingMemory OpenMemory(StateDirectory state)
    {
        MappingMemory memory = MappingMemory.Open(Path.Combine(state.DirectoryPath, MemoryFile), _platform.Random, _platform.Time);
        if (memory.WasDamaged)
            _log.Add(NodeEventKind.Recovered, "The memory of mappings was unreadable and starts empty; mappings of former runs end by themselves.");
        return memory;
    }

    private void Recover(ChangeJournal journal, JournalledSystem system)
    {
        if (journal.DamagedLines > 0) _log.Add(NodeEventKind.Recovered, $"{journal.DamagedLines} unreadable lines of the journal were dropped.");
        foreach (JournalEntry entry in journal.OpenEntries)
            _log.Add(NodeEventKind.Recovered, $"A former run left behind: {entry.Change}; undoing it.");
        foreach (BtmmException failure in system.UndoAll()) _log.AddProblem(failure);
    }

    private async Task<HostRecords> DescribeHostAsync(StateDirectory state, CancellationToken cancellationToken)
    {
        var store = new HostIdentifierStore(Path.Combine(state.DirectoryPath, IdentifierFile), _platform.BootId, _platform.Random);
        // While the machine is on, the identifier stays, even when another interface is the primary one now.
        HostIdentifier? kept = await store.TryGetAsync(cancellationToken).ConfigureAwait(false);
        Eui64 eui64 = kept?.Eui64 ?? _platform.PrimaryEui64 ?? Eui64.CreateRandom(_platform.Random);
        HostIdentifier identifier = kept ?? await store.GetOrCreateAsync(eui64, cancellationToken).ConfigureAwait(false);
        return AutoTunnelNames.TryCreate(_options.Account.Domain, _options.HostLabel, identifier.Eui64, out AutoTunnelNames? names)
            ? new HostRecords(names, identifier.Address, _platform.Device)
            : throw new BtmmException(
                BtmmErrorReason.InvalidValue,
                $"\"{_options.HostLabel}\" cannot be a host's label.",
                "Use 1 to 63 letters, digits and inner hyphens.");
    }

    /// <summary>The wanted port, else the one of the last run, else a random free one, which is kept.</summary>
    private IDatagramSocket OpenSocket(StateDirectory state)
    {
        int? kept = NodeSettings.Load(state)?.Port;
        if (_options.Port is { } wanted) return OpenPort(wanted);
        for (int attempt = 0; ; attempt++)
        {
            int port = attempt == 0 && kept is { } last ? last : NodeSettings.RandomPort(_platform.Random);
            try
            {
                IDatagramSocket socket = OpenPort(port);
                if (port != kept) new NodeSettings { Port = port }.Save(state);
                return socket;
            }
            catch (BtmmException e) when (e.Reason == BtmmErrorReason.ResourceBusy && attempt < PortAttempts)
            {
                _log.AddProblem(e);
            }
        }
    }

    private IDatagramSocket OpenPort(int port) => _platform.Sockets.Open(new IPEndPoint(IPAddress.Any, port));

    private T Undoable<T>(T made)
        where T : IDisposable
    {
        _undo.Push(made);
        return made;
    }

    private sealed class Undoing(Action undo) : IDisposable
    {
        public void Dispose() => undo();
    }
}
