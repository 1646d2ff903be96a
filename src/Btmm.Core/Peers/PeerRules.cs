using System.Net;
using System.Net.Sockets;

namespace Btmm.Core.Peers;

/// <summary>Which addresses of a record are acceptable. Pure.</summary>
public static class PeerRules
{
    /// <summary>Whether the address is a locally assigned IPv6 unique local address (FD00::/8, RFC 4193 §3.1).</summary>
    public static bool IsIdentifier(IPAddress address) =>
        address.AddressFamily == AddressFamily.InterNetworkV6 && address.GetAddressBytes()[0] == 0xFD;

    /// <summary>
    /// Whether packets to this IPv4 address can reach a host from anywhere: not private, shared (100.64/10), loopback,
    /// link-local, multicast or reserved (RFC 6890).
    /// </summary>
    public static bool IsPublic(IPAddress address)
    {
        if (address.AddressFamily != AddressFamily.InterNetwork) return false;
        byte[] b = address.GetAddressBytes();
        return b[0] switch
        {
            0 or 10 or 127 => false,
            100 => (b[1] & 0xC0) != 64,
            169 => b[1] != 254,
            172 => (b[1] & 0xF0) != 16,
            192 => b[1] != 168,
            _ => b[0] < 224,
        };
    }
}
