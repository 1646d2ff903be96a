using System.Net;
using System.Net.Sockets;
using Btmm.Core.Contracts;
using Btmm.Server.Requests;
using Btmm.Server.Stun;
using Btmm.Server.Transport;
using Btmm.Server.Transport.Tls;

namespace Btmm.Server.Hosting;

/// <summary>
/// The open sockets of a service. The first datagram listeners belong to the stream listeners in their order, the rest are for
/// long-lived queries; TLS listeners are apart. A datagram listener's number is its place in the list.
/// </summary>
internal sealed class Listeners(StreamContext context) : IDisposable
{
    private readonly List<StreamListener> _streams = [];
    private readonly List<StreamListener> _tls = [];
    private readonly DatagramRoutes _datagrams = new();

    internal IReadOnlyList<StreamListener> Streams => _streams;

    /// <summary>The listeners whose connections begin with a TLS handshake.</summary>
    internal IReadOnlyList<StreamListener> Tls => _tls;

    internal IReadOnlyList<UdpListener> Datagrams => _datagrams.Listeners;

    /// <summary>The way out for datagrams that are no answers, by the number in <see cref="RequestOrigin.Listener"/>.</summary>
    internal DatagramRoutes Routes => _datagrams;

    /// <summary>The endpoints for STUN alone; null when there are none.</summary>
    internal StunServer? Stun { get; private set; }

    /// <summary>Connections open, by TCP and TLS.</summary>
    internal int ConnectionCount => context.Table.Count;

    /// <summary>Opens all sockets or none.</summary>
    internal static Listeners Open(ZoneServiceOptions options, RequestHandler handler, StreamContext context, TlsGate? gate, Func<IDatagramServerFactory, StunServer?> stun)
    {
        var listeners = new Listeners(context);
        IDatagramServerFactory datagrams = options.DatagramServers ?? PlainDatagramServerFactory.Instance;
        int workers = options.UdpWorkers > 0 ? options.UdpWorkers : Environment.ProcessorCount;
        try
        {
            foreach (IPEndPoint endpoint in options.Endpoints)
            {
                (Socket stream, IDatagramServer datagram) = SocketBinder.BindPair(endpoint, datagrams, workers);
                listeners._datagrams.Add(new UdpListener(datagram, listeners.Datagrams.Count, listeners._datagrams, handler));
                listeners._streams.Add(new StreamListener(stream, listeners._streams.Count, context));
            }

            foreach (IPEndPoint endpoint in gate is null ? [] : options.TlsEndpoints)
                listeners._tls.Add(new StreamListener(SocketBinder.BindStream(endpoint), listeners._tls.Count, context, gate));
            foreach (IPEndPoint endpoint in options.LongLivedQueryEndpoints)
                listeners._datagrams.Add(new UdpListener(SocketBinder.BindDatagram(endpoint, datagrams, workers), listeners.Datagrams.Count, listeners._datagrams, handler));
            listeners.Stun = stun(datagrams);
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
        Stun?.Dispose();
        foreach (UdpListener listener in Datagrams)
            listener.Dispose();
        foreach (StreamListener listener in _streams.Concat(_tls))
            listener.Dispose();
    }
}
