using System.Net;
using Btmm.Protocol.Ike;

namespace Btmm.Protocol.Tests.Ike;

/// <summary>
/// Hosts on a virtual network with a virtual clock: latency, loss, duplication, reordering, addresses that change and NATs that
/// forget. Everything is repeatable from the seed.
/// </summary>
internal sealed class IkeWorld(int seed) : IDisposable
{
    private readonly PriorityQueue<Flight, (TimeSpan At, long Order)> _flights = new();
    private readonly Dictionary<IPEndPoint, IkeHost> _byEndpoint = [];
    private readonly Random _random = new(seed);
    private long _order;

    public static readonly byte[] Key = Enumerable.Range(1, 32).Select(i => (byte)i).ToArray();

    public TimeSpan Now { get; private set; } = TimeSpan.FromHours(1);

    public List<IkeHost> Hosts { get; } = [];

    /// <summary>Chance of each datagram to be lost, to be doubled; and the spread of latency, which reorders.</summary>
    public double Loss { get; set; }

    public double Duplication { get; set; }

    public TimeSpan Latency { get; set; } = TimeSpan.FromMilliseconds(20);

    public TimeSpan Jitter { get; set; }

    /// <summary>Sees every datagram; answers whether it may pass.</summary>
    public Func<IkeHost, IPEndPoint, byte[], bool>? Filter { get; set; }

    public int Delivered { get; private set; }

    public IkeHost AddHost(string name, string endpoint, Func<IkeOptions, IkeOptions>? configure = null, TestPolicy? policy = null)
    {
        var host = new IkeHost(this, name, Hosts.Count + 1, IPEndPoint.Parse(endpoint), configure, policy, _random.Next());
        Hosts.Add(host);
        Place(host, host.Public);
        return host;
    }

    /// <summary>A pair that knows each other.</summary>
    public (IkeHost A, IkeHost B) AddPair(Func<IkeOptions, IkeOptions>? configure = null) =>
        (AddHost("a.test", "198.51.100.1:40001", configure), AddHost("b.test", "198.51.100.2:40002", configure));

    /// <summary>Gives a host another public endpoint; datagrams to the old one are lost.</summary>
    public void Move(IkeHost host, string endpoint)
    {
        _byEndpoint.Remove(host.Public);
        host.Public = IPEndPoint.Parse(endpoint);
        Place(host, host.Public);
    }

    /// <summary>Another endpoint at which a host receives: a mapped port.</summary>
    public void AddAlias(IkeHost host, string endpoint) => Place(host, IPEndPoint.Parse(endpoint));

    public bool IsAt(IkeHost host, IPEndPoint endpoint) => _byEndpoint.GetValueOrDefault(endpoint) == host;

    public void Send(IkeHost from, IPEndPoint to, byte[] message)
    {
        if (Filter is not null && !Filter(from, to, message)) return;
        int copies = _random.NextDouble() < Loss ? 0 : _random.NextDouble() < Duplication ? 2 : 1;
        for (int i = 0; i < copies; i++)
        {
            TimeSpan at = Now + Latency + Jitter * _random.NextDouble();
            _flights.Enqueue(new Flight(from.Public, to, message), (at, _order++));
        }
    }

    /// <summary>Puts a datagram on the wire as anybody can.</summary>
    public void Inject(IPEndPoint from, IkeHost to, byte[] message) => to.Receive(from, message);

    public void Run(TimeSpan duration)
    {
        TimeSpan end = Now + duration;
        RunUntil(() => false, end);
        Now = end;
        foreach (IkeHost host in Hosts) host.Tick();
    }

    public bool RunUntil(Func<bool> condition, double seconds) => RunUntil(condition, Now + TimeSpan.FromSeconds(seconds));

    private bool RunUntil(Func<bool> condition, TimeSpan end)
    {
        for (int steps = 0; !condition(); steps++)
        {
            Assert.True(steps < 200_000, "the world does not come to rest");
            TimeSpan? timer = Hosts.Min(h => h.Endpoint.NextTimeout);
            TimeSpan? flight = _flights.TryPeek(out _, out (TimeSpan At, long) key) ? key.At : null;
            TimeSpan? next = timer is null ? flight : flight is null || timer < flight ? timer : flight;
            if (next is null || next > end) return false;
            if (next > Now) Now = next.Value;
            if (flight is { } due && due <= Now) Deliver(_flights.Dequeue());
            else foreach (IkeHost host in Hosts) host.Tick();
        }

        return true;
    }

    public void Dispose()
    {
        foreach (IkeHost host in Hosts) host.Endpoint.Dispose();
    }

    private void Deliver(Flight flight)
    {
        if (!_byEndpoint.TryGetValue(flight.To, out IkeHost? host)) return;
        Delivered++;
        host.Receive(flight.From, flight.Message);
    }

    private void Place(IkeHost host, IPEndPoint endpoint) => _byEndpoint[endpoint] = host;

    private sealed record Flight(IPEndPoint From, IPEndPoint To, byte[] Message);
}
