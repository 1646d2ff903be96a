using System.Net;
using Btmm.Core.Contracts;
using Btmm.Protocol;

namespace Btmm.Core.NatTraversal.Verdicts;

/// <summary>What an examination is carried out with. Immutable; the parts are thread-safe.</summary>
public sealed record GatewayExaminerParts
{
    /// <summary>Finds the gateway.</summary>
    public required IGatewayFinder Gateways { get; init; }

    /// <summary>
    /// Opens a mapper that speaks one protocol with a gateway, and no other; null when that protocol cannot be spoken here. The
    /// examiner disposes it.
    /// </summary>
    public required Func<PortMappingMethod, GatewayRoute, IPortMapper?> OpenMapper { get; init; }

    /// <summary>Opens UDP sockets.</summary>
    public required IDatagramChannelFactory Channels { get; init; }

    /// <summary>Opens TCP connections.</summary>
    public required IStreamDialer Streams { get; init; }

    /// <summary>Finds the routers on the way; null where the platform cannot.</summary>
    public IHopFinder? Hops { get; init; }

    /// <summary>Looks up the host of <see cref="GatewayExaminerOptions.PortalProbe"/>; null when only addresses are used there.</summary>
    public Func<string, CancellationToken, Task<IReadOnlyList<IPAddress>>>? ResolveHost { get; init; }

    /// <summary>The random generator.</summary>
    public IRandomSource Random { get; init; } = SystemRandomSource.Instance;

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
