using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Btmm.Core.Contracts;
using Btmm.Core.Dns.Tls;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Tsig;

namespace Btmm.Core.Dns;

/// <content>The transports.</content>
public sealed partial class DnsClient
{
    private async Task<DnsReply> ExchangeUdpAsync(DnsExchange exchange, CancellationToken cancellationToken)
    {
        IPAddress any = exchange.Server.AddressFamily == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any;
        IDatagramChannel channel = _channels.Open(new DatagramChannelOptions(new IPEndPoint(any, 0), exchange.Server));
        await using (channel.ConfigureAwait(false))
        {
            byte[] buffer = new byte[Math.Max((int)_options.UdpPayloadSize, DnsMessage.ClassicUdpSize) * 2];
            TimeSpan timeout = _options.FirstTimeout;
            for (int attempt = 0; attempt < _options.Attempts && !exchange.IsRejected; attempt++, timeout *= 2)
            {
                await channel.SendAsync(exchange.Bytes, exchange.Server, cancellationToken).ConfigureAwait(false);
                DnsReply? reply = await ReceiveAsync(channel, exchange, buffer, timeout, cancellationToken).ConfigureAwait(false);
                if (reply is not null) return reply;
            }
        }

        throw exchange.Problem ?? DnsErrors.Timeout(exchange.Server);
    }

    /// <summary>Waits for an acceptable datagram; null when the time is up.</summary>
    private async Task<DnsReply?> ReceiveAsync(
        IDatagramChannel channel, DnsExchange exchange, byte[] buffer, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var timer = new CancellationTokenSource(timeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token);
        try
        {
            while (true)
            {
                ReceivedDatagram datagram = await channel.ReceiveAsync(buffer, either.Token).ConfigureAwait(false);
                if (datagram.Truncated || !datagram.Remote.Equals(exchange.Server)) continue;
                if (exchange.Judge(buffer.AsSpan(0, datagram.Length)) is { } reply) return reply;
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    /// <summary>One request on a connection of its own; each message has its length before it (RFC 7766 §8).</summary>
    private async Task<DnsReply> ExchangeTcpAsync(DnsExchange exchange, CancellationToken cancellationToken)
    {
        using var timer = new CancellationTokenSource(_options.TcpTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token);
        try
        {
            Stream stream = await _dialer.ConnectAsync(exchange.Server, either.Token).ConfigureAwait(false);
            await using (stream.ConfigureAwait(false))
            {
                return await ExchangeOnAsync(stream, exchange, either.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw DnsErrors.Timeout(exchange.Server);
        }
    }

    /// <summary>One request on a TLS connection, which may have been used before and is kept for the next (RFC 7858 §3.4).</summary>
    private async Task<DnsReply> ExchangeTlsAsync(DnsMessage request, TlsEndPoint server, TsigKey? key, CancellationToken cancellationToken)
    {
        using var timer = new CancellationTokenSource(_options.TcpTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token);
        try
        {
            for (bool fresh = false; ; fresh = true)
            {
                using var exchange = new DnsExchange(request, server, key, _options.AcceptUnsignedUpdateAnswers, _time);
                (Stream stream, bool isUsed) = await _tls.TakeAsync(server, fresh, either.Token).ConfigureAwait(false);
                if (await TryExchangeOnAsync(stream, isUsed, exchange, either.Token).ConfigureAwait(false) is { } reply)
                {
                    _tls.Return(server, stream);
                    return reply;
                }
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw DnsErrors.Timeout(server);
        }
    }

    /// <summary>
    /// Null when a connection kept from before turned out to have ended, as a server may do at any time (RFC 7766 §6.2.4), or to
    /// lead nowhere any more: it gets less time than a new one.
    /// </summary>
    private async Task<DnsReply?> TryExchangeOnAsync(Stream stream, bool isUsed, DnsExchange exchange, CancellationToken cancellationToken)
    {
        using var timer = new CancellationTokenSource(isUsed ? _options.FirstTimeout * 2 : Timeout.InfiniteTimeSpan, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token);
        try
        {
            return await ExchangeOnAsync(stream, exchange, either.Token).ConfigureAwait(false);
        }
        catch (Exception error)
        {
            // Whatever it was: an answer may still come on it, or half of one has.
            await stream.DisposeAsync().ConfigureAwait(false);
            bool isDead = error is IOException || (error is OperationCanceledException && !cancellationToken.IsCancellationRequested);
            if (isUsed && isDead) return null;
            throw;
        }
    }

    /// <summary>Sends a request with its length before it and waits for its answer.</summary>
    private static async Task<DnsReply> ExchangeOnAsync(Stream stream, DnsExchange exchange, CancellationToken cancellationToken)
    {
        byte[] framed = new byte[sizeof(ushort) + exchange.Bytes.Length];
        BinaryPrimitives.WriteUInt16BigEndian(framed, (ushort)exchange.Bytes.Length);
        exchange.Bytes.CopyTo(framed.AsMemory(sizeof(ushort)));
        await stream.WriteAsync(framed, cancellationToken).ConfigureAwait(false);
        while (true)
        {
            byte[] answer = await ReadFrameAsync(stream, cancellationToken).ConfigureAwait(false);
            if (exchange.Judge(answer) is { } reply) return reply;
            // Nobody off the path can write into a connection: a bad signature is no forgery to wait out.
            if (exchange.Problem is { } problem) throw problem;
        }
    }

    private static async Task<byte[]> ReadFrameAsync(Stream stream, CancellationToken cancellationToken)
    {
        byte[] length = new byte[sizeof(ushort)];
        await stream.ReadExactlyAsync(length, cancellationToken).ConfigureAwait(false);
        byte[] message = new byte[BinaryPrimitives.ReadUInt16BigEndian(length)];
        await stream.ReadExactlyAsync(message, cancellationToken).ConfigureAwait(false);
        return message;
    }
}
