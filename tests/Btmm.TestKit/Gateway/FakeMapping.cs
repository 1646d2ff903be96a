using System.Net;
using Btmm.Core.NatTraversal;

namespace Btmm.TestKit;

/// <summary>A mapping of a <see cref="FakeGateway"/>, or a pinhole when the client is an IPv6 one.</summary>
/// <param name="Protocol">UDP or TCP.</param>
/// <param name="Client">The host that it leads to.</param>
/// <param name="InternalPort">The port on that host.</param>
/// <param name="ExternalPort">The port on the gateway.</param>
/// <param name="ExpiresAt">When it ends.</param>
public sealed record FakeMapping(
    PortMappingProtocol Protocol, IPAddress Client, int InternalPort, int ExternalPort, DateTimeOffset ExpiresAt)
{
    /// <summary>The protocol by which it was made.</summary>
    public FakeGatewayProtocols MadeBy { get; init; } = FakeGatewayProtocols.NatPmp;

    /// <summary>The nonce in hex, of a mapping made by PCP.</summary>
    public string? Nonce { get; init; }

    /// <summary>What the client called it, of a mapping made by UPnP IGD.</summary>
    public string Description { get; init; } = "";

    /// <summary>Whether it stays until it is deleted.</summary>
    public bool IsPermanent => ExpiresAt == DateTimeOffset.MaxValue;
}
