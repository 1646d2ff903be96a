using System.Net;
using Btmm.Core.Contracts;

namespace Btmm.Server.Requests;

/// <summary>Where a message came from.</summary>
/// <param name="Address">The sender.</param>
/// <param name="Listener">The number of our socket.</param>
/// <param name="Transport">How it came.</param>
internal readonly record struct RequestOrigin(PeerAddress Address, int Listener, DnsTransportKind Transport)
{
    internal RequestOrigin(IPEndPoint client, int listener, DnsTransportKind transport)
        : this(PeerAddress.From(client), listener, transport)
    {
    }

    /// <summary>The sender as an object; a new one each time.</summary>
    internal IPEndPoint Client => Address.ToEndPoint();

    /// <summary>Whether it came over a connection, so that the sender's address is proven and answers may be long.</summary>
    internal bool IsStream => Transport != DnsTransportKind.Udp;
}
