using System.Buffers.Binary;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Tsig;

namespace Btmm.Server.LongLivedQueries;

/// <summary>
/// An event's message without what differs from client to client: message id, LLQ-ID and signature. Made once for all who know
/// the same and are to learn the same. Immutable.
/// </summary>
/// <param name="Message">The message; both ids are 0 in it.</param>
/// <param name="KnownAfter">What a client that has it knows.</param>
/// <param name="IsComplete">Whether that is everything, or more follows.</param>
internal sealed record LlqBody(byte[] Message, IReadOnlyList<DnsRecord> KnownAfter, bool IsComplete)
{
    // The option is the last thing in the message: ... LLQ-ID (8), LLQ-LEASE (4).
    private const int IdFromEnd = 12;

    /// <summary>Writes the message for one client; returns its length, 0 when the buffer is too small.</summary>
    internal int Write(Span<byte> buffer, ushort messageId, ulong id, TsigKey? key, DateTimeOffset signedAt)
    {
        if (!Message.AsSpan().TryCopyTo(buffer))
            return 0;
        BinaryPrimitives.WriteUInt16BigEndian(buffer, messageId);
        BinaryPrimitives.WriteUInt64BigEndian(buffer[(Message.Length - IdFromEnd)..], id);
        if (key is null)
            return Message.Length;
        try
        {
            using var signature = new TsigClientTransaction(key);
            return signature.TrySignRequest(buffer, Message.Length, signedAt, out int signed) ? signed : 0;
        }
        catch (ObjectDisposedException)
        {
            return 0; // the key was taken away a moment ago, and its holder has no right to know any more
        }
    }
}
