using System.Net;
using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal;

namespace Btmm.PowerShell.Output;

/// <summary>What a gateway answered in one port-mapping protocol.</summary>
public sealed class BtmmGatewayProtocol
{
    /// <summary>The protocol.</summary>
    public required PortMappingMethod Method { get; init; }

    /// <summary>The gateway's address on its other side; null when it did not tell, as PCP does only with a mapping.</summary>
    public IPAddress? ExternalAddress { get; init; }

    /// <summary>Time from the request to the answer.</summary>
    public TimeSpan? RoundTrip { get; init; }

    /// <summary>Time since the gateway's mapping table was reset, when it tells.</summary>
    public TimeSpan? TableAge { get; init; }

    /// <summary>What the gateway calls itself and by which service it maps; only UPnP tells.</summary>
    public string? Detail { get; init; }

    /// <summary>Why it will not map ports, when it answered so.</summary>
    public BtmmErrorReason? Reason { get; init; }

    /// <summary>Whether it answered without a refusal.</summary>
    public bool IsUsable => Reason is null;

    /// <inheritdoc/>
    public override string ToString() => Reason?.ToString() ?? ExternalAddress?.ToString() ?? "yes";
}
