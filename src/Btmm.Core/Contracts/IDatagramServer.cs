using System.Net;

namespace Btmm.Core.Contracts;

/// <summary>
/// A UDP address at which a service answers, through as many sockets as threads receive. Dispose of it when none is in use.
/// </summary>
public interface IDatagramServer : IDisposable
{
    /// <summary>The address and port in use.</summary>
    IPEndPoint LocalEndPoint { get; }

    /// <summary>One for each thread that receives. Any of them can send to any client.</summary>
    IReadOnlyList<IDatagramPort> Ports { get; }
}
