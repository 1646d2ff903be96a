using System.Buffers.Binary;
using System.Net;

namespace Btmm.Protocol.NatTraversal.Pcp;

/// <summary>A FILTER option: from whom a mapping lets packets in (RFC 6887 §13.3). Immutable.</summary>
/// <param name="RemoteAddress">The remote peer, or its network; IPv4 addresses are plain, not mapped.</param>
/// <param name="PrefixLength">
/// How many bits of the address count, in its own family: 0..32 or 0..128. Null removes all filters that there are.
/// </param>
/// <param name="RemotePort">The remote peer's port; 0 for all.</param>
public readonly record struct PcpFilter(IPAddress RemoteAddress, int? PrefixLength, ushort RemotePort)
{
    internal const int Length = 20;
    private const int Ipv4Bits = 32;
    private const int Ipv6Bits = 128;
    private const int MappedBits = Ipv6Bits - Ipv4Bits;
    private const int AddressOffset = 4;

    /// <summary>Removes the filters a mapping has; those that follow are added.</summary>
    public static PcpFilter RemoveAll { get; } = new(IPAddress.IPv6Any, null, 0);

    // 0 reserved | 1 prefix length, of IPv4 96 more, 0 to remove all | 2 remote port (2) | 4 remote address (16)

    internal bool TryWrite(Span<byte> destination)
    {
        bool isIPv4 = PcpAddress.IsIPv4(RemoteAddress);
        int bits = PrefixLength is not { } prefix ? 0 : isIPv4 ? prefix + MappedBits : prefix;
        if (destination.Length < Length || bits > Ipv6Bits || PrefixLength is < 0) return false;
        if (PrefixLength == 0 && !isIPv4) return false; // §13.3 leaves no way to say "all of IPv6": 0 removes filters.
        destination[0] = 0;
        destination[1] = (byte)bits;
        BinaryPrimitives.WriteUInt16BigEndian(destination[2..], RemotePort);
        PcpAddress.Write(RemoteAddress, destination[AddressOffset..]);
        return true;
    }

    /// <summary>Reads an option's data; false when its length or the prefix is impossible.</summary>
    internal static bool TryRead(ReadOnlySpan<byte> data, out PcpFilter filter)
    {
        filter = RemoveAll;
        if (data.Length != Length || data[1] > Ipv6Bits) return false;
        IPAddress address = PcpAddress.Read(data[AddressOffset..]);
        bool isIPv4 = PcpAddress.IsIPv4(address);
        int bits = data[1];
        if (isIPv4 && bits is > 0 and < MappedBits) return false;
        int? prefix = bits == 0 ? null : isIPv4 ? bits - MappedBits : bits;
        filter = new PcpFilter(address, prefix, BinaryPrimitives.ReadUInt16BigEndian(data[2..]));
        return true;
    }
}
