using System.Net;
using System.Net.Sockets;

namespace Btmm.Core.Tunnel;

/// <summary>Compares and converts socket addresses without allocation on the fast path.</summary>
internal static class Endpoints
{
    private const int Ipv4Significant = 8;
    private const int Ipv6Significant = 24;

    /// <summary>Whether family, port and address are the same.</summary>
    public static bool AreSame(SocketAddress one, SocketAddress other)
    {
        int significant = one.Family == AddressFamily.InterNetwork ? Ipv4Significant : Ipv6Significant;
        if (one.Size < significant || other.Size < significant || one.Family != other.Family) return false;
        ReadOnlySpan<byte> first = one.Buffer.Span[..significant];
        ReadOnlySpan<byte> second = other.Buffer.Span[..significant];
        // family (2), port (2), then the IPv4 address, or the flow label (4, not compared) and the IPv6 address.
        return significant == Ipv4Significant
            ? first.SequenceEqual(second)
            : first[..4].SequenceEqual(second[..4]) && first[8..].SequenceEqual(second[8..]);
    }

    /// <summary>The endpoint in a socket address that a receiver filled in.</summary>
    public static IPEndPoint ToEndPoint(SocketAddress address)
    {
        var template = new IPEndPoint(address.Family == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any, 0);
        return (IPEndPoint)template.Create(address);
    }
}
