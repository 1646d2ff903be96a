using System.Net;
using System.Net.Sockets;

namespace Btmm.Server.Transport;

/// <summary>Counts the connections of all listeners, in all and by client, within limits (RFC 7766 §6.2.2). Thread-safe.</summary>
internal sealed class ConnectionTable(ZoneServiceLimits limits)
{
    private const int NetworkBytes = 8;

    private readonly Lock _gate = new();
    private readonly Dictionary<IPAddress, int> _byClient = [];
    private int _count;

    internal int Count => Volatile.Read(ref _count);

    /// <summary>How long a client may be idle: less when places are scarce (RFC 7766 §6.2.3).</summary>
    internal TimeSpan IdleTimeout => Count > limits.MaxConnections * 3 / 4 ? limits.ConnectionIdleTimeout / 8 : limits.ConnectionIdleTimeout;

    /// <summary>Takes a place for a client; false when it has enough, or all are taken.</summary>
    internal bool TryEnter(IPAddress address)
    {
        IPAddress client = ClientOf(address);
        lock (_gate)
        {
            int own = _byClient.GetValueOrDefault(client);
            if (_count >= limits.MaxConnections || own >= limits.MaxConnectionsPerClient)
                return false;
            _byClient[client] = own + 1;
            _count++;
            return true;
        }
    }

    /// <summary>Gives a place back.</summary>
    internal void Leave(IPAddress address)
    {
        IPAddress client = ClientOf(address);
        lock (_gate)
        {
            _count--;
            if (--_byClient[client] == 0)
                _byClient.Remove(client);
        }
    }

    // Whoever has one IPv6 address has the other 2^64 of its network as well.
    private static IPAddress ClientOf(IPAddress address)
    {
        if (address.AddressFamily != AddressFamily.InterNetworkV6)
            return address;
        if (address.IsIPv4MappedToIPv6)
            return address.MapToIPv4();
        byte[] bytes = address.GetAddressBytes();
        bytes.AsSpan(NetworkBytes).Clear();
        return new IPAddress(bytes);
    }
}
