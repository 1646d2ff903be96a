using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Btmm.Core.Contracts;
using Btmm.Protocol.Dns;

namespace Btmm.Core.Dns;

/// <content>The two transports.</content>
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
                byte[] framed = new byte[sizeof(ushort) + exchange.Bytes.Length];
                BinaryPrimitives.WriteUInt16BigEndian(framed, (ushort)exchange.Bytes.Length);
                exchange.Bytes.CopyTo(framed.AsMemory(sizeof(ushort)));
                await stream.WriteAsync(framed, either.Token).ConfigureAwait(false);
                while (true)
                {
                    byte[] answer = await ReadFrameAsync(stream, either.Token).ConfigureAwait(false);
                    if (exchange.Judge(answer) is { } reply) return reply;
                    // Nobody off the path can write into a connection: a bad signature is no forgery to wait out.
                    if (exchange.Problem is { } problem) throw problem;
                }
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw DnsErrors.Timeout(exchange.Server);
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
