using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Btmm.Protocol.Dns.Cookies;

/// <summary>
/// Server cookies that servers of different makers can check when they share a secret (RFC 9018 §4): version 1, three bytes
/// reserved, seconds since 1970, and SipHash-2-4 over the client's cookie, these and the client's address. Thread-safe.
/// </summary>
public static class DnsServerCookie
{
    /// <summary>The code of the COOKIE option (RFC 7873 §4).</summary>
    public const ushort OptionCode = 10;

    /// <summary>Bytes of a client's cookie.</summary>
    public const int ClientSize = 8;

    /// <summary>Bytes of a server's cookie of this kind.</summary>
    public const int Size = 16;

    /// <summary>Bytes of a secret.</summary>
    public const int SecretSize = SipHash.KeySize;

    // The least and the most that other servers' cookies have (RFC 7873 §4).
    private const int MinForeign = 8;
    private const int MaxForeign = 32;

    private const byte Version = 1;
    private const int TimeOffset = 4;
    private const int HashOffset = 8;
    private const int MaxInput = ClientSize + HashOffset + 16;

    // RFC 9018 §4.3, seconds.
    private const int MaxAge = 3600;
    private const int RenewalAge = 1800;
    private const int MaxAhead = 300;

    /// <summary>Whether an option has one of the lengths that are allowed (RFC 7873 §5.2.2).</summary>
    /// <param name="option">The option's data.</param>
    public static bool IsWellFormed(ReadOnlySpan<byte> option) =>
        option.Length is ClientSize or (>= ClientSize + MinForeign and <= ClientSize + MaxForeign);

    /// <summary>Makes a cookie.</summary>
    /// <param name="secret">The secret.</param>
    /// <param name="client">The client's cookie, 8 bytes.</param>
    /// <param name="address">The client's address, 4 or 16 bytes.</param>
    /// <param name="now">The server's clock.</param>
    /// <param name="destination">At least <see cref="Size"/> bytes.</param>
    public static void Write(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> client, ReadOnlySpan<byte> address, DateTimeOffset now, Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt32BigEndian(destination, (uint)Version << 24);
        BinaryPrimitives.WriteUInt32BigEndian(destination[TimeOffset..], (uint)now.ToUnixTimeSeconds());
        BinaryPrimitives.WriteUInt64LittleEndian(destination[HashOffset..], Hash(secret, client, destination[..HashOffset], address));
    }

    /// <summary>Checks a cookie, in constant time as to the hash.</summary>
    /// <param name="secret">The secret.</param>
    /// <param name="client">The client's cookie, 8 bytes.</param>
    /// <param name="cookie">The server's cookie as it came.</param>
    /// <param name="address">The client's address, 4 or 16 bytes.</param>
    /// <param name="now">The server's clock.</param>
    /// <param name="isFresh">Whether it need not be replaced by a new one yet.</param>
    public static bool IsValid(
        ReadOnlySpan<byte> secret, ReadOnlySpan<byte> client, ReadOnlySpan<byte> cookie, ReadOnlySpan<byte> address, DateTimeOffset now, out bool isFresh)
    {
        isFresh = false;
        if (cookie.Length != Size || cookie[0] != Version) return false;
        // In the arithmetic of serial numbers (RFC 1982), so that it goes on after 2106.
        int age = unchecked((int)((uint)now.ToUnixTimeSeconds() - BinaryPrimitives.ReadUInt32BigEndian(cookie[TimeOffset..])));
        if (age is > MaxAge or < -MaxAhead) return false;
        Span<byte> expected = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(expected, Hash(secret, client, cookie[..HashOffset], address));
        isFresh = age < RenewalAge;
        return CryptographicOperations.FixedTimeEquals(expected, cookie[HashOffset..]);
    }

    private static ulong Hash(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> client, ReadOnlySpan<byte> head, ReadOnlySpan<byte> address)
    {
        Span<byte> input = stackalloc byte[MaxInput];
        client[..ClientSize].CopyTo(input);
        head.CopyTo(input[ClientSize..]);
        address.CopyTo(input[(ClientSize + HashOffset)..]);
        return SipHash.Compute(secret, input[..(ClientSize + HashOffset + address.Length)]);
    }
}
