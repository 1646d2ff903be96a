using System.Net;

namespace Btmm.TestKit;

/// <summary>
/// A network in memory: hosts with addresses, UDP and TCP between them, and as much loss, duplication, reordering and delay as
/// asked for, on virtual time and with a seeded random generator. Thread-safe.
/// </summary>
public sealed partial class VirtualWire
{
    /// <summary>The index of every host's one interface: the scope of the link-local addresses that a host sees.</summary>
    public const int InterfaceIndex = 2;

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

    /// <summary>A host at these addresses, at most one of IPv4; the first is its <see cref="VirtualHost.Address"/>.</summary>
    public VirtualHost Host(params string[] addresses)
    {
        IPAddress[] parsed = [.. addresses.Select(address => Plain(IPAddress.Parse(address)))];
        lock (_gate) _hosts.UnionWith(parsed);
        return new VirtualHost(this, parsed);
    }

    /// <summary>Puts a datagram on the wire as if its sender had sent it; it need not exist.</summary>
    public void Inject(string from, string to, ReadOnlyMemory<byte> payload) =>
        Carry(new WireDatagram(IPEndPoint.Parse(from), IPEndPoint.Parse(to), payload));

    /// <summary>As <see cref="Inject"/>, after a while.</summary>
    public void InjectLater(string from, string to, ReadOnlyMemory<byte> payload, TimeSpan delay) =>
        After(delay, () => Inject(from, to, payload));

    /// <summary>The address without the scope that only its host knows.</summary>
    internal static IPAddress Plain(IPAddress address) =>
        address is { AddressFamily: System.Net.Sockets.AddressFamily.InterNetworkV6, ScopeId: not 0 }
            ? new IPAddress(address.GetAddressBytes())
            : address;

    internal static IPEndPoint Plain(IPEndPoint endPoint) => new(Plain(endPoint.Address), endPoint.Port);

    /// <summary>The endpoint as a host names it: a link-local address with the scope of its interface.</summary>
    internal static IPEndPoint Scoped(IPEndPoint endPoint) => endPoint.Address.IsIPv6LinkLocal
        ? new IPEndPoint(new IPAddress(endPoint.Address.GetAddressBytes(), InterfaceIndex), endPoint.Port)
        : endPoint;

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
        lock (_gate) return _channels.Exists(channel => channel.Owns(local));
    }

    internal void Carry(WireDatagram sent)
    {
        WireDatagram datagram = sent with { From = Plain(sent.From), To = Plain(sent.To) };
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
            else After(delay, () => Deliver(datagram));
        }
    }

    private void After(TimeSpan delay, Action action)
    {
        ITimer? timer = null;
        timer = _time.CreateTimer(
            _ =>
            {
                action();
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
                refused = _channels.Find(channel => channel.Owns(datagram.From));
        }

        foreach (VirtualChannel receiver in receivers) receiver.Deliver(datagram);
        refused?.Refuse(datagram.To);
    }
}
