using System.Net;
using System.Net.Sockets;

namespace Btmm.Protocol.NatTraversal;

/// <summary>Whether a datagram is the gateway's. Thread-safe.</summary>
public static class GatewaySource
{
    /// <summary>
    /// Whether it came from the gateway's own address. The port does not count: some gateways answer from another than they were asked
    /// on. The interface of a link-local address counts when both sides name it.
    /// </summary>
    /// <param name="gateway">The gateway's address.</param>
    /// <param name="from">The datagram's sender.</param>
    public static bool IsGateway(IPAddress gateway, IPAddress from)
    {
        ArgumentNullException.ThrowIfNull(gateway);
        ArgumentNullException.ThrowIfNull(from);
        if (gateway.Equals(from)) return true;
        if (gateway.AddressFamily != AddressFamily.InterNetworkV6 || from.AddressFamily != AddressFamily.InterNetworkV6) return false;
        if (gateway.ScopeId != 0 && from.ScopeId != 0) return false;
        Span<byte> one = stackalloc byte[16];
        Span<byte> other = stackalloc byte[16];
        return gateway.TryWriteBytes(one, out _) && from.TryWriteBytes(other, out _) && one.SequenceEqual(other);
    }
}
