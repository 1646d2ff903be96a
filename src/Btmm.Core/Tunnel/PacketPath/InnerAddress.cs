using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Btmm.Core.Tunnel;

/// <summary>IPv6 addresses as numbers, the keys of the packet path's tables.</summary>
internal static class InnerAddress
{
    public static UInt128 From(IPAddress address)
    {
        if (address.AddressFamily != AddressFamily.InterNetworkV6)
            throw new ArgumentException("An identifier is an IPv6 address.", nameof(address));
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        return BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }
}
