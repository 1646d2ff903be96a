using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Btmm.Core.Dns;

/// <summary>Messages on a connection, each with its length before it (RFC 7766 §8).</summary>
internal sealed class LlqStreamLink(Stream stream, IPEndPoint server) : LlqLink
{
    private readonly byte[] _length = new byte[sizeof(ushort)];

    internal override async ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        byte[] framed = new byte[sizeof(ushort) + message.Length];
        BinaryPrimitives.WriteUInt16BigEndian(framed, (ushort)message.Length);
        message.CopyTo(framed.AsMemory(sizeof(ushort)));
        try
        {
            await stream.WriteAsync(framed, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException)
        {
            throw new SocketException((int)SocketError.ConnectionReset, error.Message);
        }
    }

    internal override async ValueTask<(IPEndPoint From, byte[] Bytes)?> ReceiveAsync(CancellationToken cancellationToken)
    {
        if (await stream.ReadAtLeastAsync(_length, _length.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false) < _length.Length)
            return null;
        byte[] message = new byte[BinaryPrimitives.ReadUInt16BigEndian(_length)];
        await stream.ReadExactlyAsync(message, cancellationToken).ConfigureAwait(false);
        return (server, message);
    }

    public override ValueTask DisposeAsync() => stream.DisposeAsync();
}
