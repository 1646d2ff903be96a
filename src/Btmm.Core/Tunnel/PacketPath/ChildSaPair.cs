using System.Net;
using Btmm.Protocol.Esp;

namespace Btmm.Core.Tunnel;

/// <summary>
/// A child SA as IKE hands it to the packet path: both directions between two identifiers. Immutable; holds secrets.
/// </summary>
public sealed class ChildSaPair
{
    /// <summary>The peer's identifier, an IPv6 ULA: the only inner source accepted and destination sent.</summary>
    public required IPAddress Peer { get; init; }

    /// <summary>Our own identifier: the only inner destination accepted and source sent.</summary>
    public required IPAddress Local { get; init; }

    /// <summary>The direction towards us; its SPI (ours) names the pair.</summary>
    public required EspSaParameters Inbound { get; init; }

    /// <summary>The direction towards the peer.</summary>
    public required EspSaParameters Outbound { get; init; }

    /// <summary>Names the pair without its secrets.</summary>
    public override string ToString() => $"{Local} <-> {Peer}, in {Inbound}, out {Outbound}";
}
