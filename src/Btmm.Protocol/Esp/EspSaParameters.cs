namespace Btmm.Protocol.Esp;

/// <summary>
/// What IKE agreed on for one direction of a child SA. Immutable. Holds a secret: the caller owns the memory behind
/// <see cref="KeyingMaterial"/> and zeroes it after the SA objects are made.
/// </summary>
public sealed class EspSaParameters
{
    /// <summary>The security parameters index, never 0 (RFC 3948 §2.1) nor 1–255 (RFC 4303 §2.1).</summary>
    public required uint Spi { get; init; }

    /// <summary>The cipher.</summary>
    public required EspAlgorithm Algorithm { get; init; }

    /// <summary>The key followed by the 4-byte salt (RFC 4106 §8.1); <see cref="GetKeyingMaterialLength"/> bytes.</summary>
    public required ReadOnlyMemory<byte> KeyingMaterial { get; init; }

    /// <summary>Whether the peers agreed on 64-bit sequence numbers (RFC 4303 §2.2.1).</summary>
    public required bool ExtendedSequenceNumbers { get; init; }

    /// <summary>The key's length in bytes, without salt.</summary>
    public static int GetKeyLength(EspAlgorithm algorithm) => algorithm == EspAlgorithm.AesGcm128 ? 16 : 32;

    /// <summary>How many bytes of KEYMAT one direction takes: key and salt.</summary>
    public static int GetKeyingMaterialLength(EspAlgorithm algorithm) => GetKeyLength(algorithm) + EspConstants.SaltLength;

    /// <summary>Names the SA without its secret.</summary>
    public override string ToString() => $"ESP {Spi:x8} {Algorithm}{(ExtendedSequenceNumbers ? " ESN" : "")}";
}
