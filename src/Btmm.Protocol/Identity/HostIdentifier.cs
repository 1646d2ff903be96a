using System.Net;
using System.Net.Sockets;

namespace Btmm.Protocol.Identity;

/// <summary>
/// A host's identifier: an IPv6 unique local address made of FD, 56 random bits and the EUI-64 of the host
/// (RFC 4193 §3.1, RFC 6281 §5.1). It names the host inside tunnels, wherever the host is. Immutable.
/// </summary>
public sealed record HostIdentifier
{
    /// <summary>Bytes in an identifier.</summary>
    public const int Length = 16;

    // FD = the fc00::/7 prefix with the L bit set: locally assigned (RFC 4193 §3.1).
    private const byte LocallyAssignedPrefix = 0xFD;
    private const int RandomLength = 7;
    private const int EuiOffset = 8;

    private HostIdentifier(ReadOnlySpan<byte> bytes, Eui64 eui64)
    {
        Address = new IPAddress(bytes);
        Eui64 = eui64;
    }

    /// <summary>The IPv6 address.</summary>
    public IPAddress Address { get; }

    /// <summary>The lower half.</summary>
    public Eui64 Eui64 { get; }

    /// <summary>Makes a new identifier with 56 random bits for a host.</summary>
    public static HostIdentifier Create(Eui64 eui64, IRandomSource random)
    {
        ArgumentNullException.ThrowIfNull(random);
        Span<byte> bytes = stackalloc byte[Length];
        bytes[0] = LocallyAssignedPrefix;
        random.Fill(bytes.Slice(1, RandomLength));
        eui64.TryWriteBytes(bytes[EuiOffset..]);
        return new HostIdentifier(bytes, eui64);
    }

    /// <summary>Takes an address as an identifier; false unless it is an IPv6 address in fd00::/8.</summary>
    public static bool TryFromAddress(IPAddress? address, out HostIdentifier? identifier)
    {
        identifier = null;
        if (address is null || address.AddressFamily != AddressFamily.InterNetworkV6)
            return false;

        Span<byte> bytes = stackalloc byte[Length];
        if (!address.TryWriteBytes(bytes, out int written) || written != Length || bytes[0] != LocallyAssignedPrefix)
            return false;

        Eui64.TryFromBytes(bytes[EuiOffset..], out Eui64 eui64);
        identifier = new HostIdentifier(bytes, eui64);
        return true;
    }

    /// <summary>The address in text.</summary>
    public override string ToString() => Address.ToString();
}
