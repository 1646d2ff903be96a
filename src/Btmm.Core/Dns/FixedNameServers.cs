using System.Net;

namespace Btmm.Core.Dns;

/// <summary>Resolvers that do not change. Thread-safe.</summary>
/// <param name="servers">The resolvers in the order to ask them.</param>
public sealed class FixedNameServers(params IReadOnlyList<IPEndPoint> servers) : INameServerSource
{
    /// <inheritdoc/>
    public IReadOnlyList<IPEndPoint> GetNameServers() => servers;
}
