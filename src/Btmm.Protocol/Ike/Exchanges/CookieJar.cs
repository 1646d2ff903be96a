using System.Buffers.Binary;
using System.Net;
using System.Security.Cryptography;

namespace Btmm.Protocol.Ike.Exchanges;

/// <summary>
/// Stateless cookies (RFC 7296 §2.6): version | HMAC-SHA-256 (secret, nonce | address | port | SPI), cut to 16 bytes. The secret
/// changes every minute; the one before still counts.
/// </summary>
internal sealed class CookieJar(IRandomSource random) : IDisposable
{
    private const int Size = 17;
    private static readonly TimeSpan s_secretLife = TimeSpan.FromSeconds(60);

    private readonly byte[] _current = new byte[32];
    private readonly byte[] _previous = new byte[32];
    private byte _version;
    private TimeSpan? _madeAt;

    public byte[] Make(TimeSpan now, ulong spi, byte[] nonce, IPEndPoint from)
    {
        Renew(now);
        return Compute(_version, _current, spi, nonce, from);
    }

    public bool Verify(TimeSpan now, ReadOnlySpan<byte> cookie, ulong spi, byte[] nonce, IPEndPoint from)
    {
        Renew(now);
        if (cookie.Length != Size) return false;
        bool isCurrent = cookie[0] == _version;
        if (!isCurrent && cookie[0] != (byte)(_version - 1)) return false;
        byte[] expected = Compute(cookie[0], isCurrent ? _current : _previous, spi, nonce, from);
        return CryptographicOperations.FixedTimeEquals(expected, cookie);
    }

    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(_current);
        CryptographicOperations.ZeroMemory(_previous);
    }

    private void Renew(TimeSpan now)
    {
        if (_madeAt is { } made && now - made < s_secretLife) return;
        if (_madeAt is null) random.Fill(_previous);
        else _current.CopyTo(_previous, 0);
        random.Fill(_current);
        _version++;
        _madeAt = now;
    }

    private static byte[] Compute(byte version, byte[] secret, ulong spi, byte[] nonce, IPEndPoint from)
    {
        Span<byte> fixedPart = stackalloc byte[26];
        from.Address.TryWriteBytes(fixedPart, out int length);
        BinaryPrimitives.WriteUInt16BigEndian(fixedPart[length..], (ushort)from.Port);
        BinaryPrimitives.WriteUInt64BigEndian(fixedPart[(length + 2)..], spi);
        byte[] data = [.. nonce, .. fixedPart[..(length + 10)]];
        byte[] mac = HMACSHA256.HashData(secret, data);
        return [version, .. mac.AsSpan(0, Size - 1)];
    }
}
