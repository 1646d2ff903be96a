namespace Btmm.Protocol.Esp;

/// <summary>What one direction of a child SA needs. Immutable; prints no key.</summary>
public sealed class EspSaParameters
{
    /// <summary>The receiver's SPI.</summary>
    public required uint Spi { get; init; }

    /// <summary>The cipher suite.</summary>
    public required EspAlgorithm Algorithm { get; init; }

    /// <summary>The key followed by the 4-byte salt (RFC 4106 §8.1).</summary>
    public required ReadOnlyMemory<byte> KeyingMaterial { get; init; }

    /// <summary>Whether sequence numbers have 64 bits.</summary>
    public required bool ExtendedSequenceNumbers { get; init; }
}
