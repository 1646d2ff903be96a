using Btmm.Core.Diagnostics;

namespace Btmm.Core.Administration;

/// <summary>The answer to a <see cref="ControlRequest"/>: a failure, or what the operation gives. Immutable.</summary>
public sealed class ControlReply
{
    /// <summary>Why it failed; null when it did not.</summary>
    public BtmmErrorReason? Reason { get; init; }

    /// <summary>What happened, for people.</summary>
    public string? Message { get; init; }

    /// <summary>What to do about it.</summary>
    public string? Remedy { get; init; }

    /// <summary>The service.</summary>
    public ZoneServerInfo? Server { get; init; }

    /// <summary>Zones; the one put alone.</summary>
    public ZoneInfo[]? Zones { get; init; }

    /// <summary>Keys; the one put alone.</summary>
    public KeyInfo[]? Keys { get; init; }

    /// <summary>What an import did.</summary>
    public ZoneImport? Import { get; init; }

    /// <summary>An exported zone file.</summary>
    public byte[]? File { get; init; }
}
