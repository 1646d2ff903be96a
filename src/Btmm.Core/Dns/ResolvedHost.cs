using System.Net;
using Btmm.Protocol.Dns;

namespace Btmm.Core.Dns;

/// <summary>What the zone says about a host. Immutable.</summary>
public sealed record ResolvedHost
{
    /// <summary>The host's name.</summary>
    public required DnsName Name { get; init; }

    /// <summary>The host's identifier, the address that applications use; null when the name has no AAAA record.</summary>
    public IPAddress? Identifier { get; init; }

    /// <summary>The SRV target, which owns the public address; null when the host publishes no tunnel.</summary>
    public DnsName? Target { get; init; }

    /// <summary>Where the host's tunnel can be reached; null when it publishes no SRV record or its target no A record.</summary>
    public IPEndPoint? Endpoint { get; init; }

    /// <summary>What the host tells about itself: the strings of the target's TXT record.</summary>
    public IReadOnlyList<string> Text { get; init; } = [];
}
