using System.Buffers.Binary;
using System.Net;
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
    private const int FixedLength = 64;

    private readonly byte[] _secret = new byte[SecretLength];

    internal LlqCookie(IRandomSource random) => random.Fill(_secret);

    internal ulong Make(TimeSpan now, LlqClient client, DnsQuestion question, DnsName key, uint lease) =>
        Compute(now.Ticks / s_window.Ticks, client, question, key, lease);

    internal bool Verify(TimeSpan now, LlqClient client, DnsQuestion question, DnsName key, uint lease, ulong id)
    {
        long window = now.Ticks / s_window.Ticks;
        return id == Compute(window, client, question, key, lease) || id == Compute(window - 1, client, question, key, lease);
    }

    private ulong Compute(long window, LlqClient client, DnsQuestion question, DnsName key, uint lease)
    {
        Span<byte> input = stackalloc byte[FixedLength + (2 * DnsNameWire.MaxLength)];
        BinaryPrimitives.WriteInt64BigEndian(input, window);
        BinaryPrimitives.WriteInt32BigEndian(input[8..], client.Listener);
        BinaryPrimitives.WriteInt32BigEndian(input[12..], client.EndPoint.Port);
        BinaryPrimitives.WriteUInt32BigEndian(input[16..], lease);
        BinaryPrimitives.WriteUInt16BigEndian(input[20..], (ushort)question.Type);
        BinaryPrimitives.WriteUInt16BigEndian(input[22..], (ushort)question.Class);
        input[24..48].Clear();
        WriteAddress(client.EndPoint.Address, input[24..48]);
        int length = 48;
        length += Write(question.Name, input[length..]);
        length += Write(key, input[length..]);

        Span<byte> mac = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(_secret, input[..length], mac);
        ulong id = BinaryPrimitives.ReadUInt64BigEndian(mac);
        return id == 0 ? 1 : id; // 0 means "none yet" (§5.2.1)
    }

    private static void WriteAddress(IPAddress address, Span<byte> destination)
    {
        address.TryWriteBytes(destination[1..], out int written);
        destination[0] = (byte)written;
    }

    private static int Write(DnsName name, Span<byte> destination)
    {
        DnsNameWire.ToLower(name.Wire, destination);
        return name.WireLength;
    }
}
