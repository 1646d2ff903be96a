using System.Net;
using Btmm.Protocol.NatTraversal;

namespace Btmm.Core.NatTraversal;

/// <summary>A gateway's answer to a question that changes nothing on it. Immutable.</summary>
/// <param name="Method">The protocol in which it answered.</param>
/// <param name="ExternalAddress">Its external address; null when the protocol tells it only with a mapping (PCP).</param>
/// <param name="StateAge">How long it has kept its mappings, its uptime as a rule; null when it does not tell.</param>
/// <param name="RoundTrip">From the first request to the answer, retransmissions included.</param>
/// <param name="Tries">How often the request was sent.</param>
public sealed record GatewayAnswer(
    PortMappingMethod Method, IPAddress? ExternalAddress, TimeSpan? StateAge, TimeSpan RoundTrip, int Tries)
{
    /// <summary>
    /// What the gateway calls itself and by which service it maps, in a few printable words; null where the protocol has none (PCP,
    /// NAT-PMP).
    /// </summary>
    public string? Detail { get; init; }

    /// <summary>Whether the internet can reach the external address; null when that was not told.</summary>
    public ExternalAddressKind? Kind => ExternalAddress is null ? null : Btmm.Protocol.NatTraversal.ExternalAddress.Classify(ExternalAddress);
}
