using System.Net;
using Btmm.Core.Diagnostics;

namespace Btmm.PowerShell.Output;

/// <summary>The default gateway and what it can do for Btmm.</summary>
public sealed class BtmmGateway
{
    /// <summary>The gateway's address on this network.</summary>
    public required IPAddress Gateway { get; init; }

    /// <summary>The interface that leads to it.</summary>
    public required string InterfaceAlias { get; init; }

    /// <summary>The interface's index.</summary>
    public required int InterfaceIndex { get; init; }

    /// <summary>This host's address towards it.</summary>
    public required IPAddress LocalAddress { get; init; }

    /// <summary>The gateway's address on its other side, or null when it did not tell.</summary>
    public IPAddress? ExternalAddress { get; init; }

    /// <summary>Whether this host can be reached from outside.</summary>
    public required BtmmReachability Reachability { get; init; }

    /// <summary>Why not, when it cannot.</summary>
    public BtmmErrorReason? Reason { get; init; }

    /// <summary>Time from the request to the gateway's answer.</summary>
    public TimeSpan? RoundTrip { get; init; }

    /// <summary>Whether the gateway answers NAT-PMP.</summary>
    public required bool NatPmp { get; init; }

    /// <summary>Time since the gateway's mapping table was reset, when it speaks NAT-PMP.</summary>
    public TimeSpan? TableAge { get; init; }

    /// <summary>What to do when the host is not reachable.</summary>
    public string? Remedy { get; init; }
}
