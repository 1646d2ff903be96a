using System.Security.Cryptography;

namespace Btmm.Protocol.Dns.Tsig;

/// <summary>
/// A TSIG key: a name, one algorithm (RFC 8945 §10) and a secret, which no method prints. Thread-safe. The owner disposes
/// it, which zeroes the secret.
/// </summary>
public sealed class TsigKey : IDisposable
{
    private readonly byte[] _secret;
    private TsigMac? _spare;
    private volatile bool _disposed;

    /// <summary>Makes a key.</summary>
    /// <param name="name">The name that both sides know the key by.</param>
    /// <param name="algorithm">The algorithm.</param>
    /// <param name="secret">The secret; copied. It should be at least as long as the hash.</param>
    /// <param name="allowLegacy">The legacy switch: lets HMAC-MD5 through.</param>
    /// <exception cref="ArgumentException">The secret is empty, or the algorithm is HMAC-MD5 without the switch.</exception>
    public TsigKey(DnsName name, TsigAlgorithm algorithm, ReadOnlySpan<byte> secret, bool allowLegacy = false)
    {
        if (secret.IsEmpty) throw new ArgumentException("A TSIG secret must not be empty.", nameof(secret));
        if (algorithm.IsLegacy && !allowLegacy)
            throw new ArgumentException($"{algorithm} is broken and only allowed with the legacy switch.", nameof(algorithm));
        Name = name;
        Algorithm = algorithm;
        _secret = GC.AllocateUninitializedArray<byte>(secret.Length, pinned: true);
        secret.CopyTo(_secret);
        var canonical = new byte[name.WireLength];
        DnsNameWire.ToLower(name.Wire, canonical);
        CanonicalName = canonical;
    }

    /// <summary>The key's name.</summary>
    public DnsName Name { get; }

    /// <summary>The algorithm.</summary>
    public TsigAlgorithm Algorithm { get; }

    /// <summary>Bytes in the secret.</summary>
    public int SecretLength => _secret.Length;

    /// <summary>Bytes that the signature of a request by this key takes.</summary>
    public int SignatureSize => TsigDigest.RecordSize(CanonicalName.Length, Algorithm.WireName.WireLength, Algorithm.MacLength, 0);

    internal ReadOnlyMemory<byte> CanonicalName { get; }

    /// <summary>Copies the secret, for storing it; the caller zeroes the copy.</summary>
    /// <param name="destination">At least <see cref="SecretLength"/> bytes.</param>
    /// <exception cref="ObjectDisposedException">The key was disposed.</exception>
    public void CopySecretTo(Span<byte> destination)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        _secret.CopyTo(destination);
    }

    /// <summary>Whether the other key has the same name, algorithm and secret. The secrets are compared in constant time.</summary>
    /// <param name="other">The other key.</param>
    public bool Matches(TsigKey other)
        => Name == other.Name && ReferenceEquals(Algorithm, other.Algorithm) && CryptographicOperations.FixedTimeEquals(_secret, other._secret);

    /// <inheritdoc/>
    public void Dispose()
    {
        _disposed = true;
        CryptographicOperations.ZeroMemory(_secret);
        Interlocked.Exchange(ref _spare, null)?.Dispose();
    }

    /// <summary>The name and algorithm, never the secret.</summary>
    public override string ToString() => $"{Name} ({Algorithm})";

    /// <summary>Takes a keyed hash ready for input; give it back with <see cref="Return"/> after its last use.</summary>
    internal TsigMac Rent()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return Interlocked.Exchange(ref _spare, null) ?? TsigMac.Create(Algorithm.Hash, _secret);
    }

    /// <summary>Gives a finished hash back for the next user.</summary>
    internal void Return(TsigMac mac)
    {
        if (_disposed || Interlocked.CompareExchange(ref _spare, mac, null) is not null) mac.Dispose();
    }
}
