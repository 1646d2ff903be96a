using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Btmm.Server.LongLivedQueries;

/// <summary>
/// A client of long-lived queries: its address and port, and the datagram socket of ours that it talks to. Held as numbers, since
/// there may be very many.
/// </summary>
internal readonly record struct LlqClient
{
    private const int Ipv4Length = 4;
    private const int Ipv6Length = 16;

    private readonly ulong _high;
    private readonly ulong _low;
    private readonly uint _scope;
    private readonly ushort _port;
    private readonly ushort _socket; // the listener's number, and in the lowest bit whether the address is an IPv6 one

    internal LlqClient(IPEndPoint endpoint, int listener)
    {
        Span<byte> bytes = stackalloc byte[Ipv6Length];
        bytes.Clear();
        bool isIpv6 = endpoint.AddressFamily == AddressFamily.InterNetworkV6;
        endpoint.Address.TryWriteBytes(isIpv6 ? bytes : bytes[^Ipv4Length..], out _);
        _high = BinaryPrimitives.ReadUInt64BigEndian(bytes);
        _low = BinaryPrimitives.ReadUInt64BigEndian(bytes[sizeof(ulong)..]);
        _scope = isIpv6 ? (uint)endpoint.Address.ScopeId : 0;
        _port = (ushort)endpoint.Port;
        _socket = (ushort)((listener << 1) | (isIpv6 ? 1 : 0));
    }

    /// <summary>The number of our socket.</summary>
    internal int Listener => _socket >> 1;

    /// <summary>Its address and port; a new object each time.</summary>
    internal IPEndPoint EndPoint
    {
        get
        {
            Span<byte> bytes = stackalloc byte[Ipv6Length];
            BinaryPrimitives.WriteUInt64BigEndian(bytes, _high);
            BinaryPrimitives.WriteUInt64BigEndian(bytes[sizeof(ulong)..], _low);
            return new IPEndPoint(IsIpv6 ? new IPAddress(bytes, _scope) : new IPAddress(bytes[^Ipv4Length..]), _port);
        }
    }

    /// <summary>
    /// Whom limits count as one: an IPv4 address, or an IPv6 network of 64 bits, in which anybody has as many addresses as he
    /// likes.
    /// </summary>
    internal (ulong High, ulong Low, bool IsIpv6) Source => IsIpv4Inside ? (0, (uint)_low, false) : (_high, IsIpv6 ? 0 : _low, IsIpv6);

    private bool IsIpv6 => (_socket & 1) != 0;

    private bool IsIpv4Inside => IsIpv6 && _high == 0 && _low >> 32 == 0xFFFF;

    /// <summary>Whether the other is at the same address, whatever its port and socket.</summary>
    internal bool IsAtAddressOf(LlqClient other) => (_high, _low, _scope, IsIpv6) == (other._high, other._low, other._scope, other.IsIpv6);

    /// <summary>Writes everything that tells it from other clients.</summary>
    internal void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination, _high);
        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], _low);
        BinaryPrimitives.WriteUInt32BigEndian(destination[16..], _scope);
        BinaryPrimitives.WriteUInt16BigEndian(destination[20..], _port);
        BinaryPrimitives.WriteUInt16BigEndian(destination[22..], _socket);
    }

    internal const int WrittenLength = 24;
}
