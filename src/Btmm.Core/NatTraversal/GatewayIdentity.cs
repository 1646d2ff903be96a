using System.Net;

namespace Btmm.Core.NatTraversal;

/// <summary>When two addresses mean the same gateway.</summary>
public static class GatewayIdentity
{
    /// <summary>
    /// Whether two are the same. Of link-local ones the scope does not count: it is the number of an interface, another one after
    /// the next boot.
    /// </summary>
    /// <param name="one">An address; none is nobody's.</param>
    /// <param name="other">Another one.</param>
    public static bool AreSame(IPAddress? one, IPAddress? other)
    {
        if (one is null || other is null || one.AddressFamily != other.AddressFamily) return false;
        Span<byte> first = stackalloc byte[16];
        Span<byte> second = stackalloc byte[16];
        return one.TryWriteBytes(first, out int length) && other.TryWriteBytes(second, out _) && first[..length].SequenceEqual(second[..length]);
    }

    /// <summary>Whether two mappings are of one port on one gateway, however they were made.</summary>
    /// <param name="one">A mapping.</param>
    /// <param name="other">Another one.</param>
    public static bool IsSamePort(PortMapping one, PortMapping other)
    {
        ArgumentNullException.ThrowIfNull(one);
        ArgumentNullException.ThrowIfNull(other);
        return one.Protocol == other.Protocol && one.InternalPort == other.InternalPort && AreSame(one.Gateway, other.Gateway);
    }
}
