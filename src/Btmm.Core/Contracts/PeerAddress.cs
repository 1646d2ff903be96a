using System.Buffers.Binary;
using System.Net;

namespace Btmm.Core.Contracts;

/// <summary>
/// An IP address and a port as numbers: made, compared and kept without allocation. The default value is no address.
/// </summary>
/// <param name="Address">The address in network order; of IPv4 the mapped form (RFC 4291 §2.5.5.2).</param>
/// <param name="Port">The port.</param>
/// <param name="ScopeId">The interface of a link-local IPv6 address, else 0.</param>
public readonly record struct PeerAddress(UInt128 Address, ushort Port, uint ScopeId = 0)
{
    private const int Ipv4Length = 4;
    private const int Ipv6Length = 16;
    private const uint MappedPrefix = 0xFFFF;

    /// <summary>Whether this is an address at all.</summary>
    public bool IsKnown => Address != 0 || Port != 0;

    /// <summary>Whether it is an IPv4 address.</summary>
    public bool IsIPv4 => Address >> 32 == MappedPrefix;

    /// <summary>Takes an endpoint's numbers.</summary>
    /// <param name="endpoint">The endpoint.</param>
    public static PeerAddress From(IPEndPoint endpoint)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        Span<byte> bytes = stackalloc byte[Ipv6Length];
        endpoint.Address.TryWriteBytes(bytes, out int length);
        return length == Ipv4Length
            ? FromIPv4(BinaryPrimitives.ReadUInt32BigEndian(bytes), (ushort)endpoint.Port)
            : new PeerAddress(BinaryPrimitives.ReadUInt128BigEndian(bytes), (ushort)endpoint.Port, (uint)endpoint.Address.ScopeId);
    }

    /// <summary>Makes an IPv4 address.</summary>
    /// <param name="address">The address, its first octet highest.</param>
    /// <param name="port">The port.</param>
    public static PeerAddress FromIPv4(uint address, ushort port) => new(((UInt128)MappedPrefix << 32) | address, port);

    /// <summary>Makes an endpoint of it.</summary>
    public IPEndPoint ToEndPoint()
    {
        Span<byte> bytes = stackalloc byte[Ipv6Length];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, Address);
        IPAddress address = IsIPv4 ? new IPAddress(bytes[^Ipv4Length..]) : new IPAddress(bytes, ScopeId);
        return new IPEndPoint(address, Port);
    }

    /// <summary>The endpoint in text form.</summary>
    public override string ToString() => ToEndPoint().ToString();
}
