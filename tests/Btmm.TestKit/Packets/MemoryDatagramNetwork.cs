using System.Net;

namespace Btmm.TestKit.Packets;

/// <summary>
/// Carries datagrams between <see cref="MemoryDatagramSocket"/>s by endpoint, without loss or delay unless the test says so.
/// Thread-safe.
/// </summary>
public sealed class MemoryDatagramNetwork
{
    private readonly object _gate = new();
    private readonly Dictionary<IPEndPoint, MemoryDatagramSocket> _sockets = [];

    /// <summary>Decides about each datagram on its way: false loses it. Runs on the sender's thread.</summary>
    public Func<MemoryDatagram, bool>? Filter { get; set; }

    /// <summary>Opens a socket at an endpoint.</summary>
    public MemoryDatagramSocket Open(IPEndPoint local)
    {
        var socket = new MemoryDatagramSocket(this, local);
        lock (_gate) _sockets.Add(local, socket);
        return socket;
    }

    /// <summary>Gives a datagram to the socket at its destination, as if it had come from its source.</summary>
    public void Deliver(MemoryDatagram datagram)
    {
        MemoryDatagramSocket? socket;
        lock (_gate) socket = _sockets.GetValueOrDefault(datagram.To);
        socket?.Enqueue(datagram);
    }

    internal void Carry(MemoryDatagram datagram)
    {
        if (Filter?.Invoke(datagram) != false) Deliver(datagram);
    }

    internal void Move(MemoryDatagramSocket socket, IPEndPoint from, IPEndPoint to)
    {
        lock (_gate)
        {
            _sockets.Remove(from);
            _sockets.Add(to, socket);
        }
    }
}

/// <summary>A datagram on its way.</summary>
/// <param name="From">The sender.</param>
/// <param name="To">The receiver.</param>
/// <param name="Data">The bytes.</param>
public sealed record MemoryDatagram(IPEndPoint From, IPEndPoint To, byte[] Data);
