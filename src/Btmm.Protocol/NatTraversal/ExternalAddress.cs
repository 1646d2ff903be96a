using System.Net;

namespace Btmm.Protocol.NatTraversal;

/// <summary>Classifies addresses by whether the internet can reach them. Thread-safe.</summary>
public static class ExternalAddress
{
    /// <summary>The kind of an address; anything that is not IPv4 is <see cref="ExternalAddressKind.Reserved"/>.</summary>
    public static ExternalAddressKind Classify(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        Span<byte> b = stackalloc byte[16];
        IPAddress plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        if (!plain.TryWriteBytes(b, out int length) || length != 4) return ExternalAddressKind.Reserved;
        return (b[0], b[1], b[2]) switch
        {
            (0, _, _) => ExternalAddressKind.Unspecified,
            (10, _, _) or (172, >= 16 and <= 31, _) or (192, 168, _) => ExternalAddressKind.Private,
            (100, >= 64 and <= 127, _) => ExternalAddressKind.CarrierShared,
            (169, 254, _) => ExternalAddressKind.LinkLocal,
            (127, _, _) => ExternalAddressKind.Loopback,
            (192, 0, 0) => ExternalAddressKind.TransitionShared,
            (>= 224, _, _) or (198, 18 or 19, _) => ExternalAddressKind.Reserved,
            _ => ExternalAddressKind.Public,
        };
    }

    /// <summary>Whether the internet can reach this address.</summary>
    public static bool IsPublic(IPAddress address) => Classify(address) == ExternalAddressKind.Public;

    /// <summary>Whether an external address of this kind means that there is a second NAT beyond the gateway.</summary>
    /// <remarks>
    /// 0.0.0.0 with a success code belongs here too: nothing tells it from a gateway that hides a second NAT, and the way out is
    /// the same.
    /// </remarks>
    public static bool IsBehindAnotherNat(ExternalAddressKind kind) => kind != ExternalAddressKind.Public;
}
