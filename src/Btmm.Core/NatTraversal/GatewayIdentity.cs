using System.Net;

namespace Btmm.Core.NatTraversal;

/// <summary>When two addresses mean the same gateway.</summary>
internal static class GatewayIdentity
{
    /// <summary>
    /// Whether two are the same. Of link-local ones the scope does not count: it is the number of an interface, another one after
    /// the next boot.
    /// </summary>
    internal static bool AreSame(IPAddress? one, IPAddress? other)
    {
        if (one is null || other is null || one.AddressFamily != other.AddressFamily) return false;
        Span<byte> first = stackalloc byte[16];
        Span<byte> second = stackalloc byte[16];
        return one.TryWriteBytes(first, out int length) && other.TryWriteBytes(second, out _) && first[..length].SequenceEqual(second[..length]);
    }

    /// <summary>Whether two mappings are of one port on one gateway, however they were made.</summary>
    internal static bool IsSamePort(PortMapping one, PortMapping other) =>
        one.Protocol == other.Protocol && one.InternalPort == other.InternalPort && AreSame(one.Gateway, other.Gateway);
}
