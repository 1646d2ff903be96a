using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Btmm.Core.Administration;

/// <summary>
/// Control messages on a stream: four bytes of length (big-endian), then that many bytes of JSON; a request, its reply, and so
/// on until one side closes. Secrets do not stay in buffers. Holds no state.
/// </summary>
public static class ControlChannel
{
    /// <summary>The longest message, bytes: room for a zone of some hundred thousand records.</summary>
    public const int MaxLength = 64 << 20;

    private const int PrefixLength = 4;

    // A length alone must not cost its sender's word in memory.
    private const int Step = 1 << 20;

    /// <summary>Reads a request; null at the end of the stream.</summary>
    /// <exception cref="IOException">The connection has ended within a message, or the message is too long.</exception>
    /// <exception cref="JsonException">It is none.</exception>
    public static Task<ControlRequest?> ReadRequestAsync(Stream stream, CancellationToken cancellationToken) =>
        ReadAsync(stream, ControlJson.Default.ControlRequest, cancellationToken);

    /// <summary>Reads a reply; null at the end of the stream.</summary>
    /// <exception cref="IOException">The connection has ended within a message, or the message is too long.</exception>
    /// <exception cref="JsonException">It is none.</exception>
    public static Task<ControlReply?> ReadReplyAsync(Stream stream, CancellationToken cancellationToken) =>
        ReadAsync(stream, ControlJson.Default.ControlReply, cancellationToken);

    /// <summary>Writes a request.</summary>
    /// <exception cref="IOException">The connection has ended, or the message is too long.</exception>
    public static Task WriteAsync(Stream stream, ControlRequest request, CancellationToken cancellationToken) =>
        WriteAsync(stream, JsonSerializer.SerializeToUtf8Bytes(request, ControlJson.Default.ControlRequest), cancellationToken);

    /// <summary>Writes a reply.</summary>
    /// <exception cref="IOException">The connection has ended, or the message is too long.</exception>
    public static Task WriteAsync(Stream stream, ControlReply reply, CancellationToken cancellationToken) =>
        WriteAsync(stream, JsonSerializer.SerializeToUtf8Bytes(reply, ControlJson.Default.ControlReply), cancellationToken);

    private static async Task<T?> ReadAsync<T>(Stream stream, JsonTypeInfo<T> type, CancellationToken cancellationToken)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(stream);
        byte[] prefix = new byte[PrefixLength];
        int read = await stream.ReadAtLeastAsync(prefix, PrefixLength, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
        if (read == 0)
            return null;
        uint length = BinaryPrimitives.ReadUInt32BigEndian(prefix);
        if (read < PrefixLength || length is 0 or > MaxLength)
            throw new IOException("A control message has no usable length.");

        byte[] content = new byte[Math.Min(length, Step)];
        try
        {
            for (int at = 0; at < length;)
            {
                if (at == content.Length)
                    content = Grow(content, (int)length);
                int count = await stream.ReadAsync(content.AsMemory(at), cancellationToken).ConfigureAwait(false);
                at += count > 0 ? count : throw new EndOfStreamException("A control message ended early.");
            }

            return JsonSerializer.Deserialize(content.AsSpan(0, (int)length), type);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(content);
        }
    }

    private static byte[] Grow(byte[] content, int length)
    {
        byte[] larger = new byte[Math.Min(length, content.Length * 2)];
        content.CopyTo(larger, 0);
        CryptographicOperations.ZeroMemory(content);
        return larger;
    }

    private static async Task WriteAsync(Stream stream, byte[] content, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(stream);
        try
        {
            if (content.Length > MaxLength)
                throw new IOException($"A control message of {content.Length} bytes is too long.");
            byte[] prefix = new byte[PrefixLength];
            BinaryPrimitives.WriteUInt32BigEndian(prefix, (uint)content.Length);
            await stream.WriteAsync(prefix, cancellationToken).ConfigureAwait(false);
            await stream.WriteAsync(content, cancellationToken).ConfigureAwait(false);
            await stream.FlushAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(content);
        }
    }
}
