using System.Collections.Concurrent;
using Btmm.Core.Contracts;

namespace Btmm.Server.Transport;

/// <summary>
/// Numbers for the addresses from which datagrams go: one for each listener, its place in the list, and further ones for the
/// addresses of listeners that have several, as clients use them. Thread-safe but for <see cref="Add"/>.
/// </summary>
internal sealed class DatagramRoutes
{
    // A host has few addresses. Beyond that the system chooses by its routes.
    private const int MaxRoutes = 4096;

    private readonly List<UdpListener> _listeners = [];
    private readonly ConcurrentDictionary<(int Listener, UInt128 Local, uint Scope), int> _numbers = new();
    private readonly ConcurrentDictionary<int, (int Listener, PeerAddress Local)> _routes = new();
    private readonly Lock _gate = new();

    internal IReadOnlyList<UdpListener> Listeners => _listeners;

    /// <summary>Adds a listener, whose number is the next; before any of them runs.</summary>
    internal void Add(UdpListener listener) => _listeners.Add(listener);

    /// <summary>The number of an address of a listener.</summary>
    internal int Number(int listener, in PeerAddress local)
    {
        if (!local.IsKnown)
            return listener;
        (int, UInt128, uint) key = (listener, local.Address, local.ScopeId);
        if (_numbers.TryGetValue(key, out int number))
            return number;
        lock (_gate)
        {
            number = _listeners.Count + _routes.Count;
            if (_numbers.TryGetValue(key, out int other))
                return other;
            if (_routes.Count >= MaxRoutes)
                return listener;
            _routes[number] = (listener, local);
            _numbers[key] = number;
            return number;
        }
    }

    /// <summary>Sends a datagram from the address with a number; false when the system does not take it.</summary>
    internal bool Send(int number, ReadOnlySpan<byte> datagram, in PeerAddress remote)
    {
        (UdpListener listener, PeerAddress local) = Find(number);
        return listener.Send(datagram, remote, local);
    }

    /// <summary>The listener and the address of ours with a number.</summary>
    internal (UdpListener Listener, PeerAddress Local) Find(int number)
    {
        (int listener, PeerAddress local) = _routes.TryGetValue(number, out (int Listener, PeerAddress Local) route) ? route : (number, default);
        return (_listeners[listener], local);
    }
}
