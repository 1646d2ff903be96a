using System.Net;
using Btmm.Core.Diagnostics;

namespace Btmm.Core.Node;

/// <summary>Where this host can be reached from outside. Immutable.</summary>
public sealed record HostEndpoint
{
    /// <summary>The public address and port; null when there is none.</summary>
    public IPEndPoint? Endpoint { get; init; }

    /// <summary>The gateway that maps the port; null when the host's own address is public or there is no mapping.</summary>
    public IPAddress? Gateway { get; init; }

    /// <summary>Why there is no endpoint; null while that is still being found out.</summary>
    public BtmmException? Problem { get; init; }

    /// <summary>Whether it is known that there is, or is not, an endpoint now.</summary>
    public bool IsSettled => Endpoint is not null || Problem is not null;
}
