using System.Net;
using Btmm.Core.Diagnostics;

namespace Btmm.Core.Peers;

/// <summary>What the zone holds about this host, as far as this host knows. Immutable.</summary>
public sealed record PublicationState
{
    /// <summary>Nothing was published yet.</summary>
    public static PublicationState Nothing { get; } = new() { Kind = PublicationKind.Nothing };

    /// <summary>What happened last.</summary>
    public required PublicationKind Kind { get; init; }

    /// <summary>The published endpoint; null when SRV and A are withdrawn.</summary>
    public IPEndPoint? Endpoint { get; init; }

    /// <summary>When that happened.</summary>
    public DateTimeOffset At { get; init; }

    /// <summary>Until when the records live without renewal.</summary>
    public DateTimeOffset? LeaseUntil { get; init; }

    /// <summary>Whether the last success was the renewal of what was there already.</summary>
    public bool IsRenewal { get; init; }

    /// <summary>Why the last attempt failed.</summary>
    public BtmmException? Error { get; init; }
}
