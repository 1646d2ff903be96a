using System.Net;
using System.Net.Sockets;
using Btmm.Server.Requests;
using Btmm.Server.Transport;
using Btmm.Server.Transport.Tls;

namespace Btmm.Server.Hosting;

/// <summary>
/// The open sockets of a service. The first datagram listeners belong to the stream listeners in their order, the rest are for
/// long-lived queries; TLS listeners are apart. A datagram listener's number is its place in the list.
/// </summary>
internal sealed class Listeners : IDisposable
{
    private readonly List<StreamListener> _streams = [];
    private readonly List<StreamListener> _tls = [];
    private readonly List<UdpListener> _datagrams = [];

    internal IReadOnlyList<StreamListener> Streams => _streams;

    /// <summary>The listeners whose connections begin with a TLS handshake.</summary>
    internal IReadOnlyList<StreamListener> Tls => _tls;

    internal IReadOnlyList<UdpListener> Datagrams => _datagrams;

    /// <summary>Opens all sockets or none.</summary>
    internal static Listeners Open(ZoneServiceOptions options, RequestHandler handler, TlsGate? gate)
    {
        var listeners = new Listeners();
        try
        {
            foreach (IPEndPoint endpoint in options.Endpoints)
            {
                (Socket stream, Socket datagram) = SocketBinder.BindPair(endpoint);
                listeners._datagrams.Add(new UdpListener(datagram, listeners._datagrams.Count, handler));
                listeners._streams.Add(new StreamListener(stream, listeners._streams.Count, handler, options.Limits));
            }

            foreach (IPEndPoint endpoint in gate is null ? [] : options.TlsEndpoints)
                listeners._tls.Add(new StreamListener(SocketBinder.BindStream(endpoint), listeners._tls.Count, handler, options.Limits, gate));
            foreach (IPEndPoint endpoint in options.LongLivedQueryEndpoints)
                listeners._datagrams.Add(new UdpListener(SocketBinder.BindDatagram(endpoint), listeners._datagrams.Count, handler));
            return listeners;
        }
        catch
        {
            listeners.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        foreach (UdpListener listener in _datagrams)
            listener.Dispose();
        foreach (StreamListener listener in _streams.Concat(_tls))
            listener.Dispose();
    }
}
