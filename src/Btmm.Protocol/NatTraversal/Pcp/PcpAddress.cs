using System.Net;
using System.Net.Sockets;

namespace Btmm.Protocol.NatTraversal.Pcp;

/// <summary>Addresses in PCP's fixed 16 bytes: IPv4 in its mapped form ::ffff:a.b.c.d (RFC 6887 §5).</summary>
internal static class PcpAddress
{
    internal const int Length = 16;
    private const int Ipv4Offset = 12;

    /// <summary>The bytes before an IPv4 address.</summary>
    private static ReadOnlySpan<byte> MappedPrefix => [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF];

    /// <summary>The address that stands for "any" in the family of <paramref name="address"/> (§5).</summary>
    internal static IPAddress AnyLike(IPAddress address) => IsIPv4(address) ? IPAddress.Any : IPAddress.IPv6Any;

    /// <summary>Whether it is one of the two addresses that stand for "any".</summary>
    internal static bool IsAny(IPAddress address) => address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any);

    internal static bool IsIPv4(IPAddress address) =>
        address.AddressFamily == AddressFamily.InterNetwork || address.IsIPv4MappedToIPv6;

    /// <summary>Reads 16 bytes, of which there must be enough.</summary>
    internal static IPAddress Read(ReadOnlySpan<byte> bytes) => bytes[..Ipv4Offset].SequenceEqual(MappedPrefix)
        ? new IPAddress(bytes[Ipv4Offset..Length])
        : new IPAddress(bytes[..Length]);

    /// <summary>Writes 16 bytes, for which there must be room. The interface of a link-local address is not written.</summary>
    internal static void Write(IPAddress address, Span<byte> destination)
    {
        if (address.AddressFamily == AddressFamily.InterNetwork)
        {
            MappedPrefix.CopyTo(destination);
            address.TryWriteBytes(destination[Ipv4Offset..Length], out _);
        }
        else
        {
            address.TryWriteBytes(destination[..Length], out _);
        }
    }
}
