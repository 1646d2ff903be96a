using System.Net;

namespace Btmm.Core.Contracts;

/// <summary>Opens UDP sockets for a service. Thread-safe.</summary>
public interface IDatagramServerFactory
{
    /// <summary>Opens sockets at an address that nobody else uses; port 0 picks a port.</summary>
    /// <param name="local">The address and port.</param>
    /// <param name="ports">How many threads will receive, at least 1.</param>
    /// <exception cref="System.Net.Sockets.SocketException">The address is in use, may not be used or is not local.</exception>
    IDatagramServer Open(IPEndPoint local, int ports);
}
