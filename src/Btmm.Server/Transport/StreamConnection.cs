using System.Buffers;
using System.Buffers.Binary;
using System.Net.Sockets;
using Btmm.Protocol.Dns;
using Btmm.Server.Requests;

namespace Btmm.Server.Transport;

/// <summary>
/// One connection, by TCP or TLS: messages with two bytes of length in front, answered in their order (RFC 1035 §4.2.2, RFC 7766 §6.2).
/// It is closed when idle, when a message takes too long to arrive or its answer to be taken, and when a message is no request.
/// </summary>
internal sealed class StreamConnection(
    Socket socket, Stream stream, RequestOrigin origin, ReadOnlyMemory<byte> certificateHash, StreamHandler handler, ZoneServiceLimits limits) : IStreamPeer
{
    private const int PrefixLength = 2;

    private readonly SemaphoreSlim _sending = new(1, 1);
    private readonly CancellationTokenSource _closed = new();
    private volatile bool _isHeldOpen;

    public RequestOrigin Origin => origin;

    public ReadOnlyMemory<byte> CertificateHash => certificateHash;

    public CancellationToken Closed => _closed.Token;

    public async ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        byte[] framed = ArrayPool<byte>.Shared.Rent(PrefixLength + message.Length);
        using CancellationTokenSource sending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _closed.Token);
        sending.CancelAfter(limits.ConnectionMessageTimeout);
        await _sending.WaitAsync(sending.Token).ConfigureAwait(false);
        try
        {
            BinaryPrimitives.WriteUInt16BigEndian(framed, (ushort)message.Length);
            message.CopyTo(framed.AsMemory(PrefixLength));
            await stream.WriteAsync(framed.AsMemory(0, PrefixLength + message.Length), sending.Token).ConfigureAwait(false);
        }
        catch (Exception error) when (error is IOException or SocketException or ObjectDisposedException)
        {
            throw new OperationCanceledException("The connection has ended.", error);
        }
        finally
        {
            _sending.Release();
            ArrayPool<byte>.Shared.Return(framed);
        }
    }

    public void HoldOpen() => _isHeldOpen = true;

    public void Abort() => socket.Close(timeout: 0);

    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(PrefixLength + DnsMessage.MaxSize);
        var workspace = new RequestWorkspace();
        try
        {
            while (await TryReadMessageAsync(buffer, cancellationToken).ConfigureAwait(false) is var length && length > 0)
            {
                int answer = await handler.HandleAsync(buffer.AsMemory(0, length), this, workspace, cancellationToken).ConfigureAwait(false);
                // Without one the handler has sent all there is to send by itself, or has ended the connection.
                if (answer > 0)
                    await SendAsync(workspace.Response.AsMemory(0, answer), cancellationToken).ConfigureAwait(false);
            }
        }
        catch (Exception error) when (error is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The client went away, was too slow, or the service stops: the connection ends, which is all there is to do.
            socket.Close(timeout: 0);
        }
        finally
        {
            await _closed.CancelAsync().ConfigureAwait(false);
            await stream.DisposeAsync().ConfigureAwait(false);
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    // 0 at the end of the stream, or for a length that no message has.
    private async ValueTask<int> TryReadMessageAsync(byte[] buffer, CancellationToken cancellationToken)
    {
        using (CancellationTokenSource idle = Deadline(_isHeldOpen ? Timeout.InfiniteTimeSpan : limits.ConnectionIdleTimeout, cancellationToken))
        {
            if (await stream.ReadAsync(buffer.AsMemory(0, 1), idle.Token).ConfigureAwait(false) == 0)
                return 0;
        }

        using CancellationTokenSource slow = Deadline(limits.ConnectionMessageTimeout, cancellationToken);
        if (!await TryFillAsync(buffer.AsMemory(1, 1), slow.Token).ConfigureAwait(false))
            return 0;
        int length = BinaryPrimitives.ReadUInt16BigEndian(buffer);
        if (length < DnsHeader.Size || !await TryFillAsync(buffer.AsMemory(0, length), slow.Token).ConfigureAwait(false))
            return 0;
        return length;
    }

    private async ValueTask<bool> TryFillAsync(Memory<byte> destination, CancellationToken cancellationToken)
    {
        while (!destination.IsEmpty)
        {
            int read = await stream.ReadAsync(destination, cancellationToken).ConfigureAwait(false);
            if (read == 0)
                return false;
            destination = destination[read..];
        }

        return true;
    }

    private static CancellationTokenSource Deadline(TimeSpan timeout, CancellationToken cancellationToken)
    {
        var source = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        source.CancelAfter(timeout);
        return source;
    }
}
