using System.Buffers.Binary;
using System.Security.Cryptography;
using Btmm.Protocol;
using Btmm.Protocol.Dns;

namespace Btmm.Server.LongLivedQueries;

/// <summary>
/// Makes and checks LLQ-IDs without remembering them. The id given in a challenge is a MAC over who asked for what and when; the
/// client proves that it receives at its address by echoing it, and only then is anything kept. That is stricter than RFC 8764
/// §5.1, which would have half-open queries kept for their whole lease and whose appendix A calls that a mistake. Thread-safe.
/// </summary>
internal sealed class LlqCookie
{
    // A client may take 2 + 4 + 8 s over its attempts (RFC 8764 §5.1); an id is good for one to two windows.
    private static readonly TimeSpan s_window = TimeSpan.FromSeconds(30);

    private const int SecretLength = 32;
    private const int FixedLength = 16 + LlqClient.WrittenLength;

    private readonly byte[] _secret = new byte[SecretLength];

    internal LlqCookie(IRandomSource random) => random.Fill(_secret);

    internal ulong Make(TimeSpan now, LlqClient client, DnsQuestion question, DnsName? key, uint lease) =>
        Compute(now.Ticks / s_window.Ticks, client, question, key, lease);

    internal bool Verify(TimeSpan now, LlqClient client, DnsQuestion question, DnsName? key, uint lease, ulong id)
    {
        long window = now.Ticks / s_window.Ticks;
        return IsEqual(id, Compute(window, client, question, key, lease)) | IsEqual(id, Compute(window - 1, client, question, key, lease));
    }

    private static bool IsEqual(ulong left, ulong right)
    {
        Span<ulong> both = [left, right];
        ReadOnlySpan<byte> bytes = System.Runtime.InteropServices.MemoryMarshal.AsBytes(both);
        return CryptographicOperations.FixedTimeEquals(bytes[..sizeof(ulong)], bytes[sizeof(ulong)..]);
    }

    private ulong Compute(long window, LlqClient client, DnsQuestion question, DnsName? key, uint lease)
    {
        Span<byte> input = stackalloc byte[FixedLength + (2 * DnsNameWire.MaxLength)];
        BinaryPrimitives.WriteInt64BigEndian(input, window);
        BinaryPrimitives.WriteUInt32BigEndian(input[8..], lease);
        BinaryPrimitives.WriteUInt16BigEndian(input[12..], (ushort)question.Type);
        BinaryPrimitives.WriteUInt16BigEndian(input[14..], (ushort)question.Class);
        client.Write(input[16..]);
        int length = FixedLength;
        length += Write(question.Name, input[length..]);
        length += Write(key ?? DnsName.Root, input[length..]); // no key has the root's name

        Span<byte> mac = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(_secret, input[..length], mac);
        ulong id = BinaryPrimitives.ReadUInt64BigEndian(mac);
        return id == 0 ? 1 : id; // 0 means "none yet" (§5.2.1)
    }

    private static int Write(DnsName name, Span<byte> destination)
    {
        DnsNameWire.ToLower(name.Wire, destination);
        return name.WireLength;
    }
}
