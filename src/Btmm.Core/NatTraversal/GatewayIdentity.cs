using System.Net;
using System.Net.NetworkInformation;

namespace Btmm.Core.NatTraversal;

/// <summary>
/// Which gateway: its inner address, and its link-layer address where that is known, because half of all homes have a gateway
/// 192.168.1.1. Equal when both are equal, or the second is not known of either. Immutable.
/// </summary>
/// <param name="Address">
/// The inner address. Of a link-local one the scope does not count: it is the number of an interface, another one after the next boot.
/// </param>
/// <param name="LinkAddress">The link-layer address; null when it is not known.</param>
public sealed record GatewayIdentity(IPAddress Address, PhysicalAddress? LinkAddress = null)
{
    /// <summary>
    /// Whether the other may be the same gateway: as far as the addresses tell, when a link-layer address is not known. Two that are
    /// known and differ are two gateways.
    /// </summary>
    public bool MayBe(GatewayIdentity other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return HaveSameAddress(Address, other.Address) && (LinkAddress is null || other.LinkAddress is null || LinkAddress.Equals(other.LinkAddress));
    }

    /// <summary>Whether the other is the same gateway for certain: both link-layer addresses are known, and are the same.</summary>
    public bool IsProvenToBe(GatewayIdentity other) => LinkAddress is not null && Equals(other);

    /// <inheritdoc/>
    public bool Equals(GatewayIdentity? other) =>
        other is not null && HaveSameAddress(Address, other.Address) && Equals(LinkAddress, other.LinkAddress);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        HashCode hash = default;
        hash.AddBytes(Address.GetAddressBytes());
        hash.Add(LinkAddress);
        return hash.ToHashCode();
    }

    private static bool HaveSameAddress(IPAddress one, IPAddress other)
    {
        if (one.AddressFamily != other.AddressFamily) return false;
        Span<byte> first = stackalloc byte[16];
        Span<byte> second = stackalloc byte[16];
        return one.TryWriteBytes(first, out int length) && other.TryWriteBytes(second, out _) && first[..length].SequenceEqual(second[..length]);
    }
}
