using System.Net;

namespace Btmm.TestKit;

/// <summary>
/// A network in memory: hosts with addresses, UDP between them, and as much loss, duplication, reordering and delay as asked
/// for, on virtual time and with a seeded random generator. Thread-safe.
/// </summary>
public sealed class VirtualWire
{
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly Random _random;
    private readonly List<VirtualChannel> _channels = [];
    private readonly HashSet<IPAddress> _hosts = [];
    private readonly List<WireDatagram> _sent = [];

    /// <summary>Makes an empty network.</summary>
    /// <param name="time">The clock for delays.</param>
    /// <param name="seed">The seed of what happens to datagrams.</param>
    public VirtualWire(TimeProvider time, int seed = 1)
    {
        _time = time;
        _random = new Random(seed);
    }

    /// <summary>How datagrams are treated from now on.</summary>
    public WireConditions Conditions { get; set; } = new();

    /// <summary>When set, only datagrams for which it returns true are carried.</summary>
    public Func<WireDatagram, bool>? Filter { get; set; }

    /// <summary>Everything that was sent so far, lost or not.</summary>
    public IReadOnlyList<WireDatagram> Sent
    {
        get
        {
            lock (_gate) return [.. _sent];
        }
    }

    /// <summary>A host at that address.</summary>
    public VirtualHost Host(string address)
    {
        IPAddress parsed = IPAddress.Parse(address);
        lock (_gate) _hosts.Add(parsed);
        return new VirtualHost(this, parsed);
    }

    /// <summary>Puts a datagram on the wire as if its sender had sent it; it need not exist.</summary>
    public void Inject(string from, string to, ReadOnlyMemory<byte> payload) =>
        Carry(new WireDatagram(IPEndPoint.Parse(from), IPEndPoint.Parse(to), payload));

    internal void MoveHost(IPAddress from, IPAddress to)
    {
        lock (_gate)
        {
            _hosts.Remove(from);
            _hosts.Add(to);
        }
    }

    internal void Attach(VirtualChannel channel)
    {
        lock (_gate) _channels.Add(channel);
    }

    internal void Detach(VirtualChannel channel)
    {
        lock (_gate) _channels.Remove(channel);
    }

    internal bool IsBound(IPEndPoint local)
    {
        lock (_gate) return _channels.Exists(channel => channel.LocalEndPoint.Equals(local));
    }

    internal void Carry(WireDatagram datagram)
    {
        List<TimeSpan> arrivals = [];
        lock (_gate)
        {
            _sent.Add(datagram);
            if (Filter?.Invoke(datagram) == false) return;
            WireConditions now = Conditions;
            if (_random.NextDouble() < now.Loss) return;
            int copies = _random.NextDouble() < now.Duplication ? 2 : 1;
            for (int copy = 0; copy < copies; copy++)
                arrivals.Add(now.Latency + (_random.NextDouble() < now.Reordering ? now.ReorderDelay : TimeSpan.Zero));
        }

        foreach (TimeSpan delay in arrivals)
        {
            if (delay == TimeSpan.Zero) Deliver(datagram);
            else DeliverLater(datagram, delay);
        }
    }

    private void DeliverLater(WireDatagram datagram, TimeSpan delay)
    {
        ITimer? timer = null;
        timer = _time.CreateTimer(
            _ =>
            {
                Deliver(datagram);
                timer?.Dispose();
            },
            null,
            delay,
            Timeout.InfiniteTimeSpan);
    }

    private void Deliver(WireDatagram datagram)
    {
        VirtualChannel[] receivers;
        VirtualChannel? refused = null;
        lock (_gate)
        {
            receivers = [.. _channels.Where(channel => channel.Accepts(datagram))];
            if (receivers.Length == 0 && _hosts.Contains(datagram.To.Address))
                refused = _channels.Find(channel => channel.LocalEndPoint.Equals(datagram.From));
        }

        foreach (VirtualChannel receiver in receivers) receiver.Deliver(datagram);
        refused?.Refuse(datagram.To);
    }
}
