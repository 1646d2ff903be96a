using System.Buffers.Binary;
using System.Net;
using System.Security.Cryptography;
using System.Threading.Channels;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;
using Btmm.Protocol;
using Btmm.Protocol.Ike;

namespace Btmm.Core.Tunnel.Sessions;

/// <summary>
/// Keeps tunnels to peers: drives IKE over the node's one socket, installs its SAs into the packet path, follows peers and this
/// host as they move, connects again when needed. Thread-safe.
/// </summary>
/// <remarks>
/// Everything that touches IKE happens under one lock and does not wait: datagrams, events of the packet path, the timer, and
/// the caller's wishes. Dispose it before the packet path, so that the peers' answers to the deletions still arrive.
/// </remarks>
public sealed partial class SessionManager : IAsyncDisposable
{
    private const int EventQueueLength = 1024;
    private const int MarkerSize = 4;
    private const int MinKey = 16;

    private readonly Lock _gate = new();
    private readonly SessionManagerOptions _options;
    private readonly ISecurityAssociationTable _table;
    private readonly IDatagramSocket _socket;
    private readonly ChannelReader<IkeDatagram> _datagrams;
    private readonly ChannelReader<PacketPathEvent> _pathEvents;
    private readonly TimeProvider _time;
    private readonly long _origin;
    private readonly SessionPolicy _policy;
    private readonly IkeEndpoint _ike;
    private readonly byte[] _key;
    private readonly Dictionary<IPAddress, PeerSession> _sessions = [];
    private readonly Channel<TunnelEvent> _events;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _loops = [];
    private readonly ITimer _timer;
    private bool _closing;
    private bool _disposed;
    private TaskCompletionSource? _allClosed;

    /// <summary>Makes a manager that does not read its inputs yet.</summary>
    /// <param name="options">Identity, key, timers.</param>
    /// <param name="table">The packet path's table.</param>
    /// <param name="socket">The node's socket; stays the caller's.</param>
    /// <param name="datagrams">IKE messages from the packet path.</param>
    /// <param name="pathEvents">Events of the packet path; the manager is their only reader.</param>
    /// <param name="random">Cryptographic random source; null for the system's.</param>
    /// <param name="time">The clock; null for the system's.</param>
    /// <exception cref="BtmmException">The key is shorter than 16 bytes (InvalidValue).</exception>
    public SessionManager(
        SessionManagerOptions options,
        ISecurityAssociationTable table,
        IDatagramSocket socket,
        ChannelReader<IkeDatagram> datagrams,
        ChannelReader<PacketPathEvent> pathEvents,
        IRandomSource? random = null,
        TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.PreSharedKey.Length < MinKey)
            throw new BtmmException(BtmmErrorReason.InvalidValue, "The account's IKE key is shorter than 16 bytes.", "Make a new account.");
        _options = options;
        _table = table;
        _socket = socket;
        _datagrams = datagrams;
        _pathEvents = pathEvents;
        _time = time ?? TimeProvider.System;
        _origin = _time.GetTimestamp();
        _key = options.PreSharedKey.ToArray();
        _policy = new SessionPolicy(_key, options.AccountDomain);
        _ike = new IkeEndpoint(options.Ike, _policy, random ?? SystemRandomSource.Instance);
        _events = Channel.CreateBounded<TunnelEvent>(new BoundedChannelOptions(EventQueueLength) { FullMode = BoundedChannelFullMode.DropOldest });
        _timer = _time.CreateTimer(static manager => ((SessionManager)manager!).OnTimer(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>State changes; bounded, the oldest are dropped when nobody reads. Completed by <see cref="DisposeAsync"/>.</summary>
    public ChannelReader<TunnelEvent> Events => _events.Reader;

    private TimeSpan Now => _time.GetElapsedTime(_origin);

    /// <summary>Starts reading. Does nothing the second time.</summary>
    public void Start()
    {
        lock (_gate)
        {
            if (_disposed || _loops.Count > 0) return;
            _loops.Add(ReadDatagramsAsync(_stop.Token));
            _loops.Add(ReadPathEventsAsync(_stop.Token));
            Advance();
        }
    }

    /// <summary>Replaces the list of peers. A peer that left is disconnected; a changed endpoint is tried at once.</summary>
    public void UpdatePeers(IReadOnlyList<TunnelPeer> peers)
    {
        ArgumentNullException.ThrowIfNull(peers);
        Run(() =>
        {
            _policy.SetPeers(peers);
            HashSet<IPAddress> named = [];
            foreach (TunnelPeer peer in peers)
                if (named.Add(peer.Identifier)) UpdatePeer(peer);
            foreach (PeerSession session in _sessions.Values.Where(s => s.IsListed && !named.Contains(s.Identifier)).ToArray())
                Drop(session);
            ShareIdentifiers();
        });
    }

    /// <summary>Wants a tunnel to the peer from now on, for as long as there is traffic. Does nothing for a peer that is not listed.</summary>
    public void RequestTunnel(IPAddress peer) => Run(() => Want(peer));

    /// <summary>This host's addresses or gateway changed: tell all peers at once.</summary>
    /// <param name="local">This host's address and port as it knows them itself; null when unknown.</param>
    public void NotifyNetworkChanged(IPEndPoint? local) => Run(() =>
    {
        _ike.UpdateAddresses(Now, local);
        foreach (PeerSession session in _sessions.Values) RetryNow(session);
    });

    /// <summary>Renews the ESP keys with a peer. False when there is no tunnel.</summary>
    public bool RekeyChild(IPAddress peer)
    {
        bool started = false;
        Run(() => started = _ike.RekeyChild(Now, peer));
        return started;
    }

    /// <summary>Renews the IKE keys with a peer. False when there is no tunnel.</summary>
    public bool RekeyIke(IPAddress peer)
    {
        bool started = false;
        Run(() => started = _ike.RekeyIke(Now, peer));
        return started;
    }

    /// <summary>Asks the peer for a sign of life now. False when there is no tunnel.</summary>
    public bool CheckLiveness(IPAddress peer)
    {
        bool started = false;
        Run(() => started = _ike.CheckLiveness(Now, peer));
        return started;
    }

    /// <summary>Closes the tunnel to a peer; new traffic may bring it back.</summary>
    public void CloseTunnel(IPAddress peer) => Run(() =>
    {
        if (_sessions.TryGetValue(peer, out PeerSession? session)) session.WantedUntil = TimeSpan.MinValue;
        _ike.Close(Now, peer);
    });

    /// <summary>Snapshots of all peers' tunnels.</summary>
    public IReadOnlyList<TunnelStatus> GetTunnels()
    {
        lock (_gate)
        {
            if (_disposed) return [];
            Dictionary<IPAddress, IkeSaInfo> sas = [];
            foreach (IkeSaInfo sa in _ike.GetSas())
                if (!sas.TryGetValue(sa.Peer, out IkeSaInfo? other) || other.ChildSpis.Count < sa.ChildSpis.Count) sas[sa.Peer] = sa;
            return _sessions.Values.Select(s => Describe(s, sas.GetValueOrDefault(s.Identifier))).ToList();
        }
    }

    /// <summary>Deletes all SAs, waits for the peers' answers for at most <see cref="SessionManagerOptions.CloseTimeout"/>.</summary>
    public async ValueTask DisposeAsync()
    {
        Task? allClosed = null;
        Run(() =>
        {
            if (_closing) return;
            _closing = true;
            _allClosed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            allClosed = _allClosed.Task;
            foreach (PeerSession session in _sessions.Values) _ike.Close(Now, session.Identifier);
        });
        if (allClosed is null) return;
        await Task.WhenAny(allClosed, Task.Delay(_options.CloseTimeout, _time)).ConfigureAwait(false);
        await _stop.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(_loops).ConfigureAwait(false);
        await _timer.DisposeAsync().ConfigureAwait(false);
        lock (_gate)
        {
            _disposed = true;
            _ike.Dispose();
            CryptographicOperations.ZeroMemory(_key);
        }

        _events.Writer.TryComplete();
        _stop.Dispose();
    }

    private void Run(Action action)
    {
        lock (_gate)
        {
            if (_disposed) return;
            action();
            Advance();
        }
    }

    private async Task ReadDatagramsAsync(CancellationToken stop)
    {
        try
        {
            await foreach (IkeDatagram datagram in _datagrams.ReadAllAsync(stop).ConfigureAwait(false))
                Run(() => _ike.HandleDatagram(Now, datagram.From, datagram.Message.Span));
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // the manager is being disposed
        }
    }

    private async Task ReadPathEventsAsync(CancellationToken stop)
    {
        try
        {
            await foreach (PacketPathEvent happened in _pathEvents.ReadAllAsync(stop).ConfigureAwait(false))
                Run(() => OnPathEvent(happened));
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // the manager is being disposed
        }
    }

    private void OnTimer() => Run(static () => { });

    /// <summary>Sends an IKE message behind the non-ESP marker (RFC 3948 §2.2).</summary>
    private void Send(IkeOutput output)
    {
        byte[] datagram = new byte[MarkerSize + output.Message.Length];
        BinaryPrimitives.WriteUInt32BigEndian(datagram, 0);
        output.Message.Span.CopyTo(datagram.AsSpan(MarkerSize));
        _socket.Send(datagram, output.To.Serialize()); // what the kernel does not take is repeated like any loss
    }
}
