using System.Net;
using System.Net.NetworkInformation;
using Btmm.Protocol.NatTraversal.Pcp;

namespace Btmm.Core.NatTraversal;

/// <summary>A port that a gateway forwards to this host, or lets through to it. Immutable.</summary>
/// <param name="Method">How it was made.</param>
/// <param name="Gateway">The gateway's inner address.</param>
/// <param name="Protocol">UDP or TCP.</param>
/// <param name="InternalPort">The port on this host.</param>
/// <param name="ExternalPort">The port on the gateway's outer side; 0 while a mapping is only being asked for.</param>
/// <param name="Lifetime">The lifetime granted; zero while a mapping is only being asked for.</param>
/// <param name="MappedAt">When the gateway answered.</param>
public sealed record PortMapping(
    PortMappingMethod Method,
    IPAddress Gateway,
    PortMappingProtocol Protocol,
    int InternalPort,
    int ExternalPort,
    TimeSpan Lifetime,
    DateTimeOffset MappedAt)
{
    /// <summary>The gateway's link-layer address, which tells it from others with the same inner address; null when not known.</summary>
    public PhysicalAddress? GatewayLinkAddress { get; init; }

    /// <summary>
    /// The external address told with the mapping (PCP, IGD); null when the protocol tells it apart. Of an IPv6 pinhole, this
    /// host's own address.
    /// </summary>
    public IPAddress? ExternalAddress { get; init; }

    /// <summary>
    /// The address of this host that the port leads to (IGD, where others may change and see it); null when not known. It is not
    /// this host's any more when the host has moved.
    /// </summary>
    public IPAddress? InternalAddress { get; init; }

    /// <summary>The nonce by which alone the mapping can be renewed and released (RFC 6887 §11.2); null unless made by PCP.</summary>
    public PcpNonce? Nonce { get; init; }

    /// <summary>
    /// Whether the gateway keeps the mapping until it is deleted (UPnP error 725, OnlyPermanentLeasesSupported).
    /// <see cref="Lifetime"/> is then how long it is relied upon before it is looked at again.
    /// </summary>
    public bool IsPermanent { get; init; }

    /// <summary>Which gateway it is on.</summary>
    public GatewayIdentity Identity => new(Gateway, GatewayLinkAddress);

    /// <summary>Whether another one is of the same port on the same gateway, however it was made.</summary>
    /// <param name="other">The other one.</param>
    public bool IsSamePortAs(PortMapping other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return Protocol == other.Protocol && InternalPort == other.InternalPort && Identity == other.Identity;
    }

    /// <summary>When the gateway drops the mapping unless it is renewed.</summary>
    public DateTimeOffset ExpiresAt => MappedAt + Lifetime;
}
