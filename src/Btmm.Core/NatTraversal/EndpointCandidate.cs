using System.Net;

namespace Btmm.Core.NatTraversal;

/// <summary>An address and UDP port at which others can reach this host. Immutable.</summary>
/// <param name="Kind">Why it leads here.</param>
/// <param name="Address">The address.</param>
/// <param name="Port">The UDP port.</param>
/// <param name="ExpiresAt">When it ends unless renewed; null when it does not expire.</param>
public sealed record EndpointCandidate(EndpointCandidateKind Kind, IPAddress Address, int Port, DateTimeOffset? ExpiresAt);
