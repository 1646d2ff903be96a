using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Btmm.Protocol.NatTraversal.Pcp;

/// <summary>
/// The 96 random bits that tie renewals and the deletion of a PCP mapping to whoever made it (RFC 6887 §11.1, §18.1.1).
/// Immutable. Equality takes the same time wherever the difference is.
/// </summary>
public readonly struct PcpNonce : IEquatable<PcpNonce>
{
    /// <summary>Its length, bytes.</summary>
    public const int Length = 12;

    private readonly UInt128 _value;

    private PcpNonce(ReadOnlySpan<byte> bytes)
    {
        foreach (byte one in bytes) _value = (_value << 8) | one;
    }

    /// <summary>A new one.</summary>
    public static PcpNonce Create(IRandomSource random)
    {
        ArgumentNullException.ThrowIfNull(random);
        Span<byte> bytes = stackalloc byte[Length];
        random.Fill(bytes);
        return new PcpNonce(bytes);
    }

    /// <summary>Reads the first 12 bytes; false when there are fewer.</summary>
    public static bool TryRead(ReadOnlySpan<byte> source, out PcpNonce nonce)
    {
        nonce = default;
        if (source.Length < Length) return false;
        nonce = new PcpNonce(source[..Length]);
        return true;
    }

    /// <summary>Reads 24 hexadecimal digits.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out PcpNonce nonce)
    {
        nonce = default;
        Span<byte> bytes = stackalloc byte[Length];
        return text?.Length == 2 * Length
            && Convert.FromHexString(text, bytes, out _, out int written) == System.Buffers.OperationStatus.Done
            && TryRead(bytes[..written], out nonce);
    }

    /// <summary>Compares two.</summary>
    public static bool operator ==(PcpNonce left, PcpNonce right) => left.Equals(right);

    /// <summary>Compares two.</summary>
    public static bool operator !=(PcpNonce left, PcpNonce right) => !left.Equals(right);

    /// <summary>Writes the 12 bytes; false when they do not fit.</summary>
    public bool TryWrite(Span<byte> destination)
    {
        if (destination.Length < Length) return false;
        UInt128 rest = _value;
        for (int i = Length - 1; i >= 0; i--)
        {
            destination[i] = (byte)rest;
            rest >>= 8;
        }

        return true;
    }

    /// <inheritdoc/>
    public bool Equals(PcpNonce other)
    {
        Span<byte> mine = stackalloc byte[Length];
        Span<byte> theirs = stackalloc byte[Length];
        TryWrite(mine);
        other.TryWrite(theirs);
        return CryptographicOperations.FixedTimeEquals(mine, theirs);
    }

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is PcpNonce other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => _value.GetHashCode();

    /// <summary>24 hexadecimal digits.</summary>
    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[Length];
        TryWrite(bytes);
        return Convert.ToHexStringLower(bytes);
    }
}
