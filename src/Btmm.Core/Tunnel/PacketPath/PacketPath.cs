// What happens to a packet, in order.
//
// Out, on the thread "btmm-outbound" (PacketPath.Outbound.cs):
//   1. The TUN device fills a batch: whole packets, each with room around it.
//   2. Admit: whole IPv6? to a peer? from our identifier? not above the MTU? Otherwise drop, with an ICMPv6 error where one helps.
//   3. A SYN's maximum segment size is lowered to the tunnel's.
//   4. Consecutive packets to one peer form a run. No SA or endpoint yet: copy to the peer's waiting queue, ask for a tunnel.
//   5. Seal the run in place; hand it to the socket in one call.
//
// In, on the thread "btmm-inbound" (PacketPath.Inbound.cs):
//   1. The socket fills a batch and notes each sender.
//   2. Sort: keepalive (drop), non-ESP marker (copy to the IKE queue), else ESP.
//   3. Find the SA by SPI; check for replay, verify and decrypt in place, mark.
//   4. Admit: whole IPv6? from the peer's identifier? to ours? Otherwise drop.
//   5. Newest packet of its SA from a new endpoint: report that the peer moved.
//   6. What is left moves up in the batch and goes to the TUN device in one call.
using System.Threading.Channels;
using Btmm.Core.Contracts;
using Btmm.Protocol.Esp;

namespace Btmm.Core.Tunnel;

/// <summary>
/// Carries packets between the TUN device and the socket: two plain threads that seal and open ESP (RFC 4303, RFC 3948),
/// and the tables that IKE sets. Owns its threads and SAs, neither device nor socket. All public members are thread-safe.
/// </summary>
public sealed partial class PacketPath : ISecurityAssociationTable, IAsyncDisposable
{
    private const int EventQueueLength = 1024;
    private static readonly TimeSpan s_tick = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_stopDeadline = TimeSpan.FromSeconds(5);

    private readonly ITunDevice _tun;
    private readonly IDatagramSocket _socket;
    private readonly PacketPathOptions _options;
    private readonly TimeProvider _time;
    private readonly IAeadCipherFactory _ciphers;
    private readonly PathCounters _counters = new();
    private readonly IcmpResponder _icmp;
    private readonly Channel<IkeDatagram> _ike;
    private readonly Channel<PacketPathEvent> _events;
    private readonly Lock _lifeGate = new();
    private readonly List<Task> _pumps = [];
    private ITimer? _ticker;
    private volatile bool _stopping;

    /// <summary>Makes a packet path that is not running yet; tables can be set already.</summary>
    /// <param name="tun">The virtual interface; stays the caller's.</param>
    /// <param name="socket">The node's socket; stays the caller's.</param>
    /// <param name="options">Tunables; null for the defaults.</param>
    /// <param name="time">The clock; null for the system's.</param>
    /// <param name="ciphers">Makes ciphers; null for the class library's.</param>
    public PacketPath(
        ITunDevice tun,
        IDatagramSocket socket,
        PacketPathOptions? options = null,
        TimeProvider? time = null,
        IAeadCipherFactory? ciphers = null)
    {
        _tun = tun;
        _socket = socket;
        _options = options ?? new PacketPathOptions();
        _time = time ?? TimeProvider.System;
        _ciphers = ciphers ?? BclAeadCipherFactory.Instance;
        _icmp = new IcmpResponder(tun, _time, _options.IcmpPerSecond, _counters);
        _outboundBatch = new PacketBatch(_options.BatchBytes, _options.BatchPackets);
        _inboundBatch = new PacketBatch(_options.BatchBytes, _options.BatchPackets, MaxRemotes);
        _ike = Channel.CreateBounded<IkeDatagram>(new BoundedChannelOptions(_options.IkeQueueLength) { SingleWriter = true });
        _events = Channel.CreateBounded<PacketPathEvent>(EventQueueLength);
    }

    /// <summary>IKE messages from the socket, markers taken off. Bounded; completed when the path is disposed.</summary>
    public ChannelReader<IkeDatagram> IkeDatagrams => _ike.Reader;

    /// <summary>What the control side should know. Bounded; completed when the path is disposed.</summary>
    public ChannelReader<PacketPathEvent> Events => _events.Reader;

    /// <summary>The path's own counters.</summary>
    public PacketPathCounters Counters => _counters.Snapshot();

    /// <summary>Starts the two pumps. Does nothing the second time.</summary>
    public void Start()
    {
        lock (_lifeGate)
        {
            if (_stopping || _pumps.Count > 0) return;
            _pumps.Add(StartPump("btmm-outbound", OutboundStep));
            _pumps.Add(StartPump("btmm-inbound", InboundStep));
            _ticker = _time.CreateTimer(static path => ((PacketPath)path!).Tick(), this, s_tick, s_tick);
        }
    }

    /// <summary>
    /// Interrupts device and socket for good, waits until the pumps have ended, and clears all keys. Afterwards the device
    /// and the socket can be disposed.
    /// </summary>
    /// <exception cref="TimeoutException">A pump did not end within five seconds: a device did not heed its interrupt.</exception>
    public async ValueTask DisposeAsync()
    {
        Task[] pumps;
        lock (_lifeGate)
        {
            _stopping = true;
            pumps = [.. _pumps];
        }
        _tun.Interrupt();
        _socket.Interrupt();
        if (_ticker is { } ticker) await ticker.DisposeAsync().ConfigureAwait(false);
        await Task.WhenAll(pumps).WaitAsync(s_stopDeadline).ConfigureAwait(false);
        RemoveAll();
        _ike.Writer.TryComplete();
        _events.Writer.TryComplete();
    }

    private Task StartPump(string name, Func<int> step)
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() =>
        {
            RunPump(step);
            ended.SetResult();
        })
        { Name = name, IsBackground = true };
        thread.Start();
        return ended.Task;
    }

    private void RunPump(Func<int> step)
    {
        try
        {
            while (!_stopping)
            {
                if (step() == 0) return;
            }
        }
        catch (Exception error)
        {
            // Nothing above this thread could catch it; the owner hears of it and decides.
            Publish(new PacketPathEvent.Failed(error));
        }
    }

    private void Publish(PacketPathEvent happened)
    {
        if (!_events.Writer.TryWrite(happened)) Interlocked.Increment(ref _counters.EventsDropped);
    }
}
