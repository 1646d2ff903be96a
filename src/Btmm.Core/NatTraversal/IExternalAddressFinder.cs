using System.Net;

namespace Btmm.Core.NatTraversal;

/// <summary>Finds out at which address this host's packets arrive outside. Thread-safe.</summary>
public interface IExternalAddressFinder
{
    /// <summary>Asks.</summary>
    /// <param name="local">The local address to ask from.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The address; null when nobody outside can be asked, or nobody answered.</returns>
    Task<IPAddress?> FindAsync(IPAddress local, CancellationToken cancellationToken);
}
