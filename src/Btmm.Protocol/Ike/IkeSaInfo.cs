using System.Net;

namespace Btmm.Protocol.Ike;

/// <summary>A snapshot of one IKE SA for people and tests; holds no key.</summary>
public sealed record IkeSaInfo
{
    /// <summary>The peer's identifier.</summary>
    public required IPAddress Peer { get; init; }

    /// <summary>The peer's host name.</summary>
    public required string Identity { get; init; }

    /// <summary>The SPI of the side that started this IKE SA.</summary>
    public required ulong InitiatorSpi { get; init; }

    /// <summary>The other side's SPI.</summary>
    public required ulong ResponderSpi { get; init; }

    /// <summary>Whether this host started it.</summary>
    public required bool IsInitiator { get; init; }

    /// <summary>The algorithms in use.</summary>
    public required IkeSuite Suite { get; init; }

    /// <summary>Where the peer is.</summary>
    public required IPEndPoint Endpoint { get; init; }

    /// <summary>Whether this host is behind a NAT as the peer sees it; null while that is not known.</summary>
    public required bool? IsBehindNat { get; init; }

    /// <summary>Whether the peer takes part in MOBIKE (RFC 4555).</summary>
    public required bool SupportsMobike { get; init; }

    /// <summary>Inbound SPIs of its child SAs that are in use.</summary>
    public required IReadOnlyList<uint> ChildSpis { get; init; }

    /// <summary>When the last authentic IKE message or reported ESP packet came, on the caller's monotonic clock.</summary>
    public required TimeSpan LastHeard { get; init; }

    /// <summary>When it was established, on the caller's monotonic clock.</summary>
    public required TimeSpan EstablishedAt { get; init; }
}
