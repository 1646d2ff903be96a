using System.Buffers.Binary;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace Btmm.Core.Dns.Push;

/// <summary>Messages on a connection, each with its length before it (RFC 7766 §8). One reader and one writer at a time.</summary>
internal sealed class PushLink(Stream stream, ReadOnlyMemory<byte> certificateHash) : IAsyncDisposable
{
    private readonly byte[] _length = new byte[sizeof(ushort)];

    /// <summary>SHA-256 of the server's certificate; empty without TLS.</summary>
    internal ReadOnlyMemory<byte> CertificateHash { get; } = certificateHash;

    /// <summary>Takes over a connection.</summary>
    internal static PushLink Over(Stream stream) =>
        new(stream, stream is SslStream { RemoteCertificate: { } certificate } ? SHA256.HashData(certificate.GetRawCertData()) : default);

    internal async ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        byte[] framed = new byte[sizeof(ushort) + message.Length];
        BinaryPrimitives.WriteUInt16BigEndian(framed, (ushort)message.Length);
        message.CopyTo(framed.AsMemory(sizeof(ushort)));
        await stream.WriteAsync(framed, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The next message; null at the end of the connection, however it came.</summary>
    internal async ValueTask<byte[]?> ReceiveAsync(CancellationToken cancellationToken)
    {
        try
        {
            await stream.ReadExactlyAsync(_length, cancellationToken).ConfigureAwait(false);
            byte[] message = new byte[BinaryPrimitives.ReadUInt16BigEndian(_length)];
            await stream.ReadExactlyAsync(message, cancellationToken).ConfigureAwait(false);
            return message;
        }
        catch (Exception error) when (error is IOException or SocketException or ObjectDisposedException)
        {
            return null;
        }
    }

    /// <summary>Says that nothing more will be sent (RFC 8490 §5.3, RFC 8765 §6.7); the connection is closed by <see cref="DisposeAsync"/>.</summary>
    internal async ValueTask CloseAsync()
    {
        try
        {
            if (stream is SslStream tls) await tls.ShutdownAsync().ConfigureAwait(false);
        }
        catch (Exception error) when (error is IOException or SocketException or InvalidOperationException)
        {
            return; // the other side was faster
        }
    }

    public ValueTask DisposeAsync() => stream.DisposeAsync();
}
