using System.Net;
using Btmm.Core.Diagnostics;

namespace Btmm.Core.NatTraversal.Verdicts;

/// <summary>Whether the gateway maps a port when asked. Immutable.</summary>
public sealed record MappingTrial
{
    /// <summary>The protocol; null when it is known that there is a mapping, or none, and not by which.</summary>
    public required PortMappingMethod? Method { get; init; }

    /// <summary>The port on the gateway; null when it refused.</summary>
    public int? ExternalPort { get; init; }

    /// <summary>The gateway's external address as told with the mapping; null when it was not.</summary>
    public IPAddress? ExternalAddress { get; init; }

    /// <summary>Why there is no mapping; null when there is one.</summary>
    public BtmmErrorReason? Refusal { get; init; }

    /// <summary>Whether there was a mapping.</summary>
    public bool Works => ExternalPort is not null;
}
