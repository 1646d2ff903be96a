using System.Net;

namespace Btmm.Core.Dns;

/// <summary>Tells which resolvers to ask for public names, as configured now. Implementations are thread-safe.</summary>
public interface INameServerSource
{
    /// <summary>The resolvers in the order to ask them; empty when none is configured.</summary>
    IReadOnlyList<IPEndPoint> GetNameServers();
}
