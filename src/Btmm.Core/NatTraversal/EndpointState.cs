using System.Net;
using System.Net.Sockets;
using Btmm.Core.Diagnostics;

namespace Btmm.Core.NatTraversal;

/// <summary>At which addresses and ports others can reach this host, or why at none. Immutable.</summary>
public sealed record EndpointState
{
    /// <summary>Whether there is an IPv4 endpoint.</summary>
    public required EndpointPhase Phase { get; init; }

    /// <summary>
    /// Where the host can be reached, best first: at an IPv4 address when <see cref="EndpointPhase.Available"/>, then through IPv6
    /// pinholes, whatever the phase.
    /// </summary>
    /// <remarks>An array, since PowerShell cannot index what the compiler makes of a list.</remarks>
    public IReadOnlyList<EndpointCandidate> Candidates { get; init => field = value.ToArray(); } = Array.Empty<EndpointCandidate>();

    /// <summary>Why there is no endpoint; null unless <see cref="EndpointPhase.Unavailable"/>.</summary>
    public BtmmErrorReason? Reason { get; init; }

    /// <summary>The state in one sentence, for people.</summary>
    public string Message { get; init; } = "";

    /// <summary>What the user can do about it, in one sentence; empty when nothing is wrong.</summary>
    public string Remedy { get; init; } = "";

    /// <summary>The default gateway's inner address, when there is one.</summary>
    public IPAddress? Gateway { get; init; }

    /// <summary>This host's address towards the gateway, when there is one.</summary>
    public IPAddress? LocalAddress { get; init; }

    /// <summary>The gateway's external address as far as known, public or not.</summary>
    public IPAddress? ExternalAddress { get; init; }

    /// <summary>Since when it is so.</summary>
    public DateTimeOffset Since { get; init; }

    /// <summary>The best IPv4 candidate as an endpoint, or null.</summary>
    public IPEndPoint? Endpoint => Candidates.FirstOrDefault(candidate => candidate.Address.AddressFamily == AddressFamily.InterNetwork) is { } best
        ? new IPEndPoint(best.Address, best.Port)
        : null;

    /// <summary>Whether two states tell others the same: phase, reason and candidates, whenever these expire.</summary>
    public bool IsSameAs(EndpointState other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return Phase == other.Phase && Reason == other.Reason
            && Candidates.Select(WithoutExpiry).SequenceEqual(other.Candidates.Select(WithoutExpiry));
    }

    private static EndpointCandidate WithoutExpiry(EndpointCandidate candidate) => candidate with { ExpiresAt = null };
}
