using System.Net;

namespace Btmm.Core.Contracts;

/// <summary>Opens the packet path's socket. Thread-safe.</summary>
public interface IDatagramSocketFactory
{
    /// <summary>
    /// Opens a UDP socket. Bind it to the wildcard address (0.0.0.0 or ::) so that roaming needs no new socket;
    /// port 0 picks a port.
    /// </summary>
    /// <exception cref="Btmm.Core.Diagnostics.BtmmException">
    /// The port is in use (ResourceBusy) or may not be used (PermissionDenied).
    /// </exception>
    IDatagramSocket Open(IPEndPoint local);
}
