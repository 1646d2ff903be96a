using System.Collections.Concurrent;
using System.Net;
using Btmm.TestKit;

namespace Btmm.Core.Tests.Tunnel.Sessions;

/// <summary>Carries the session managers' datagrams at once; a test may cut it.</summary>
internal sealed class SessionWire
{
    private readonly ConcurrentDictionary<IPEndPoint, SessionHost> _hosts = new();

    public FakeClock Clock { get; } = new();

    public bool IsCut { get; set; }

    public void Place(SessionHost host) => _hosts[host.Endpoint] = host;

    public void Remove(SessionHost host) => _hosts.TryRemove(host.Endpoint, out _);

    public void Carry(IPEndPoint from, IPEndPoint to, byte[] datagram)
    {
        if (!IsCut && _hosts.TryGetValue(to, out SessionHost? host)) host.Deliver(from, datagram);
    }
}
