using System.Net;
using Btmm.Core.NatTraversal;

namespace Btmm.Interop.Tests.Nat;

/// <summary>One way to map ports: a gateway whose daemon speaks nothing else, and a host behind it.</summary>
/// <param name="Name">The way, as lab.sh calls it.</param>
/// <param name="Method">The method.</param>
/// <param name="Gateway">The gateway.</param>
/// <param name="Address">Its external address.</param>
/// <param name="Host">The host.</param>
internal sealed record MappingWay(string Name, PortMappingMethod Method, string Gateway, string Address, string Host)
{
    /// <summary>All ways.</summary>
    internal static IReadOnlyList<MappingWay> All { get; } =
    [
        new("natpmp", PortMappingMethod.NatPmp, "gw-home", "203.0.113.10", "studio"),
        new("pcp", PortMappingMethod.Pcp, "gw-cafe", "198.51.100.20", "laptop"),
        new("igd", PortMappingMethod.Igd, "gw-hotel", "198.51.100.30", "lodger"),
        new("igd1", PortMappingMethod.Igd, "gw-six", "198.51.100.65", "six"),
    ];

    /// <summary>Another external address for its gateway.</summary>
    internal string OtherAddress
    {
        get
        {
            byte[] bytes = IPAddress.Parse(Address).GetAddressBytes();
            bytes[3] += 100;
            return $"{new IPAddress(bytes)}";
        }
    }
}
