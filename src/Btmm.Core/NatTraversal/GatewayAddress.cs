using System.Net;
using Btmm.Protocol.NatTraversal;

namespace Btmm.Core.NatTraversal;

/// <summary>A gateway's answer to what its external address is. Immutable.</summary>
/// <param name="Address">The address.</param>
/// <param name="Kind">Whether the internet can reach it.</param>
/// <param name="StateAge">How long the gateway has kept its mappings: its uptime, as a rule.</param>
/// <param name="RoundTrip">From the first request to the answer, retransmissions included.</param>
/// <param name="Tries">How often the request was sent.</param>
public sealed record GatewayAddress(
    IPAddress Address, ExternalAddressKind Kind, TimeSpan StateAge, TimeSpan RoundTrip, int Tries);
