using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;
using Btmm.Core.Dns.Tls;
using Btmm.Protocol;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Edns;
using Btmm.Protocol.Dns.Tsig;

namespace Btmm.Core.Dns;

/// <summary>
/// Sends DNS requests and finds their answers: over UDP with retransmission, over TCP when the answer was truncated or the
/// request is long; over TLS where the server is a <see cref="TlsEndPoint"/>; signed and verified when a key is given; from one server to the next when one fails. Thread-safe.
/// </summary>
/// <remarks>
/// An answer counts only when it comes from the server asked, with the request's id, opcode and question, and, with a key,
/// a signature that verifies; anything else is passed over until the time is up. Each exchange has a socket of its own, so the
/// source port is unpredictable too; TLS connections are kept for a while and used again.
/// </remarks>
public sealed partial class DnsClient : IDisposable
{
    private readonly IDatagramChannelFactory _channels;
    private readonly IStreamDialer _dialer;
    private readonly IRandomSource _random;
    private readonly TimeProvider _time;
    private readonly DnsClientOptions _options;
    private readonly TlsConnectionPool _tls;

    /// <summary>Makes a client.</summary>
    /// <param name="channels">Opens UDP sockets.</param>
    /// <param name="dialer">Opens TCP connections.</param>
    /// <param name="random">For message ids.</param>
    /// <param name="time">The clock, also of signatures.</param>
    /// <param name="options">Null for the defaults.</param>
    public DnsClient(IDatagramChannelFactory channels, IStreamDialer dialer, IRandomSource random, TimeProvider time, DnsClientOptions? options = null)
    {
        _channels = channels;
        _dialer = dialer;
        _random = random;
        _time = time;
        _options = options ?? new DnsClientOptions();
        _tls = new TlsConnectionPool(new TlsConnector(dialer, time), time, _options.TlsIdleTime);
    }

    /// <summary>The source of ids, for whoever else needs chance.</summary>
    internal IRandomSource Random => _random;

    /// <summary>An unpredictable message id.</summary>
    public ushort NewId()
    {
        Span<byte> bytes = stackalloc byte[sizeof(ushort)];
        _random.Fill(bytes);
        return BinaryPrimitives.ReadUInt16BigEndian(bytes);
    }

    /// <summary>Asks a question. NXDOMAIN is an answer like another; look at <see cref="DnsMessage.Rcode"/>.</summary>
    /// <param name="question">The question.</param>
    /// <param name="servers">The servers to ask, in this order.</param>
    /// <param name="key">Signs the question and demands a signed answer; null for neither.</param>
    /// <param name="transport">Which transport to use.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="BtmmException">No server gave an answer, or the last one said neither NOERROR nor NXDOMAIN.</exception>
    public async Task<DnsReply> QueryAsync(
        DnsQuestion question, IReadOnlyList<IPEndPoint> servers, TsigKey? key = null, DnsTransport transport = DnsTransport.Auto,
        CancellationToken cancellationToken = default)
    {
        var request = new DnsMessage
        {
            Id = NewId(),
            Flags = DnsFlags.RecursionDesired,
            Questions = [question],
            Additional = [new EdnsInfo(_options.UdpPayloadSize, []).ToRecord()],
        };
        DnsReply reply = await ExchangeAsync(request, servers, key, transport, cancellationToken).ConfigureAwait(false);
        if (reply.Message.Rcode is DnsRcode.FormErr or DnsRcode.NotImp && reply.Message.Edns is null)
        {
            // A server from before EDNS (RFC 6891 §7).
            request = request with { Id = NewId(), Additional = [] };
            reply = await ExchangeAsync(request, [reply.Server], key, transport, cancellationToken).ConfigureAwait(false);
        }

        return reply.Message.ExtendedRcode is DnsRcode.NoError or DnsRcode.NXDomain
            ? reply
            : throw DnsErrors.FromRcode(reply.Message.ExtendedRcode, reply.Server, question.Name);
    }

    /// <summary>
    /// Sends a request and waits for its answer, whatever its response code. The next server is tried after a time-out, an
    /// unreachable server, SERVFAIL or NOTIMP (RFC 2136 §4.5), for queries also after REFUSED and NOTAUTH.
    /// </summary>
    /// <param name="request">The request with its id, without TSIG.</param>
    /// <param name="servers">The servers, in this order.</param>
    /// <param name="key">Signs the request and demands a signed answer; null for neither.</param>
    /// <param name="transport">Which transport to use.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="BtmmException">No server gave an acceptable answer; the reason is that of the last.</exception>
    public async Task<DnsReply> ExchangeAsync(
        DnsMessage request, IReadOnlyList<IPEndPoint> servers, TsigKey? key = null, DnsTransport transport = DnsTransport.Auto,
        CancellationToken cancellationToken = default)
    {
        BtmmException problem = DnsErrors.NoServers();
        for (int i = 0; i < servers.Count; i++)
        {
            try
            {
                DnsReply reply = await ExchangeAsync(request, servers[i], key, transport, cancellationToken).ConfigureAwait(false);
                if (!IsWorthAnother(reply.Message) || i == servers.Count - 1) return reply;
            }
            catch (BtmmException e)
            {
                problem = e;
            }
        }

        throw problem;
    }

    /// <summary>A TLS connection of the caller's own, for what is more than an exchange.</summary>
    /// <exception cref="BtmmException">The server is not believed, or does not speak TLS.</exception>
    /// <exception cref="SocketException">The connection failed.</exception>
    internal async Task<Stream> ConnectAsync(TlsEndPoint server, CancellationToken cancellationToken) =>
        (await _tls.TakeAsync(server, fresh: true, cancellationToken).ConfigureAwait(false)).Stream;

    /// <summary>The host's network changed: connections kept for the next exchange lead nowhere now.</summary>
    public void NetworkChanged() => _tls.Clear();

    /// <summary>Closes the connections that were kept for the next exchange.</summary>
    public void Dispose() => _tls.Dispose();

    private static bool IsWorthAnother(DnsMessage answer) => answer.Rcode is DnsRcode.ServFail or DnsRcode.NotImp
        || (answer.Opcode == DnsOpcode.Query && answer.Rcode is DnsRcode.Refused or DnsRcode.NotAuth);

    private async Task<DnsReply> ExchangeAsync(
        DnsMessage request, IPEndPoint server, TsigKey? key, DnsTransport transport, CancellationToken cancellationToken)
    {
        try
        {
            if (server is TlsEndPoint tls)
                return await ExchangeTlsAsync(request, tls, key, cancellationToken).ConfigureAwait(false);
            if (transport == DnsTransport.Tls)
                throw DnsErrors.NotTls(server);

            using var exchange = new DnsExchange(request, server, key, _options.AcceptUnsignedUpdateAnswers, _time);
            if (transport == DnsTransport.Auto && exchange.Bytes.Length <= _options.UdpPayloadSize)
            {
                DnsReply reply = await ExchangeUdpAsync(exchange, cancellationToken).ConfigureAwait(false);
                if (!reply.Message.IsTruncated) return reply;
            }

            // Signed anew: the verifier of a stream counts from its first message.
            using var stream = new DnsExchange(request, server, key, _options.AcceptUnsignedUpdateAnswers, _time);
            return await ExchangeTcpAsync(stream, cancellationToken).ConfigureAwait(false);
        }
        catch (SocketException e)
        {
            throw DnsErrors.Unreachable(server, e);
        }
        catch (IOException e)
        {
            throw DnsErrors.Unreachable(server, e);
        }
    }
}
