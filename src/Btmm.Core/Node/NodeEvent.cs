using System.Net;
using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal.Verdicts;

namespace Btmm.Core.Node;

/// <summary>One thing that happened in a node. Immutable.</summary>
public sealed record NodeEvent
{
    /// <summary>When.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>How long after the node's start.</summary>
    public required TimeSpan Elapsed { get; init; }

    /// <summary>What.</summary>
    public required NodeEventKind Kind { get; init; }

    /// <summary>One sentence for people.</summary>
    public required string Message { get; init; }

    /// <summary>The peer's host name, when it is about one.</summary>
    public string? Peer { get; init; }

    /// <summary>The peer's identifier, or (Started) this host's.</summary>
    public IPAddress? Identifier { get; init; }

    /// <summary>The endpoint: this host's (MappingReady, Published) or the peer's.</summary>
    public IPEndPoint? Endpoint { get; init; }

    /// <summary>The verdict and all that it rests on (GatewayExamined).</summary>
    public GatewayVerdict? Verdict { get; init; }

    /// <summary>Why, when it is about a failure.</summary>
    public BtmmErrorReason? Reason { get; init; }

    /// <summary>What the user can do, when it is about a failure.</summary>
    public string? Remedy { get; init; }

    /// <summary>Whether it is about a failure.</summary>
    public bool IsProblem => Reason is not null;
}
