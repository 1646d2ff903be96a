using System.Net;

namespace Btmm.Protocol.NatTraversal.Stun;

/// <summary>Addresses in STUN attributes.</summary>
internal static class StunAddress
{
    private const int HeadSize = 4;

    /// <summary>Reads MAPPED-ADDRESS and its like (RFC 8489 §14.1); null when it is malformed.</summary>
    public static IPEndPoint? Read(ReadOnlySpan<byte> value) => (value.Length, value.Length > 1 ? value[1] : 0) switch
    {
        (HeadSize + 4, 1) or (HeadSize + 16, 2) => new IPEndPoint(new IPAddress(value[HeadSize..]), (value[2] << 8) | value[3]),
        _ => null,
    };

    /// <summary>Reads XOR-MAPPED-ADDRESS (RFC 8489 §14.2) of a message; null when it is malformed.</summary>
    public static IPEndPoint? ReadMasked(ReadOnlySpan<byte> value, ReadOnlySpan<byte> message)
    {
        if (value.Length is not (HeadSize + 4 or HeadSize + 16)) return null;
        Span<byte> clear = stackalloc byte[HeadSize + 16];
        value.CopyTo(clear);
        ReadOnlySpan<byte> mask = message[StunHeader.CookieOffset..];
        for (int i = HeadSize; i < value.Length; i++) clear[i] ^= mask[i - HeadSize];
        clear[2] ^= mask[0];
        clear[3] ^= mask[1];
        return Read(clear[..value.Length]);
    }
}
