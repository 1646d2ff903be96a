using Btmm.Core.Diagnostics;

namespace Btmm.PowerShell.Output;

/// <summary>One state change of a job, as Receive-Job shows it.</summary>
public sealed class BtmmStateChange
{
    /// <summary>When.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>What changed: a stage of the node, a peer, the zone.</summary>
    public required string Subject { get; init; }

    /// <summary>The new state.</summary>
    public required string State { get; init; }

    /// <summary>Evidence: an address, a count, a reason.</summary>
    public string? Detail { get; init; }

    /// <summary>Why, when it is about a failure.</summary>
    public BtmmErrorReason? Reason { get; init; }

    /// <summary>What to do, when it is about a failure.</summary>
    public string? Remedy { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{Time:HH:mm:ss} {Subject} {State} {Detail}".TrimEnd();
}
