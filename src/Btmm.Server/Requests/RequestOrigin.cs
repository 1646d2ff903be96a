using System.Net;

namespace Btmm.Server.Requests;

/// <summary>Where a message came from.</summary>
/// <param name="Client">The sender.</param>
/// <param name="Listener">The number of our socket.</param>
/// <param name="Transport">How it came.</param>
internal readonly record struct RequestOrigin(IPEndPoint Client, int Listener, DnsTransportKind Transport)
{
    /// <summary>Whether it came over a connection, so that the sender's address is proven and answers may be long.</summary>
    internal bool IsStream => Transport != DnsTransportKind.Udp;
}
