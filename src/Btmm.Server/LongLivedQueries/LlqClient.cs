using System.Buffers.Binary;
using System.Net;
using Btmm.Core.Contracts;

namespace Btmm.Server.LongLivedQueries;

/// <summary>
/// A client of long-lived queries: its address and port, and the datagram socket of ours that it talks to. Kept as numbers in 24
/// bytes, since there may be very many.
/// </summary>
internal readonly record struct LlqClient
{
    internal const int WrittenLength = 24;

    private readonly ulong _high;
    private readonly ulong _low;
    private readonly uint _scope;
    private readonly ushort _port;
    private readonly ushort _listener;

    internal LlqClient(PeerAddress address, int listener)
    {
        _high = (ulong)(address.Address >> 64);
        _low = (ulong)address.Address;
        _scope = address.ScopeId;
        _port = address.Port;
        _listener = (ushort)listener;
    }

    /// <summary>The number of our socket.</summary>
    internal int Listener => _listener;

    /// <summary>Its address and port.</summary>
    internal PeerAddress Address => new(new UInt128(_high, _low), _port, _scope);

    /// <summary>Its address and port; a new object each time.</summary>
    internal IPEndPoint EndPoint => Address.ToEndPoint();

    /// <summary>
    /// Whom limits count as one: an IPv4 address, or an IPv6 network of 64 bits, in which anybody has as many addresses as he
    /// likes.
    /// </summary>
    internal (ulong High, ulong Low) Source => Address.IsIPv4 ? (_high, _low) : (_high, 0);

    /// <summary>Whether the other is at the same address, whatever its port and socket.</summary>
    internal bool IsAtAddressOf(LlqClient other) => (_high, _low, _scope) == (other._high, other._low, other._scope);

    /// <summary>Whether the other is at the same address and port, whatever socket of ours it talks to.</summary>
    internal bool IsAtEndPointOf(LlqClient other) => IsAtAddressOf(other) && _port == other._port;

    /// <summary>Writes everything that tells it from other clients.</summary>
    internal void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination, _high);
        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], _low);
        BinaryPrimitives.WriteUInt32BigEndian(destination[16..], _scope);
        BinaryPrimitives.WriteUInt16BigEndian(destination[20..], _port);
        BinaryPrimitives.WriteUInt16BigEndian(destination[22..], _listener);
    }
}
