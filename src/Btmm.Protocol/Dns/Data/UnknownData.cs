using System.Globalization;

namespace Btmm.Protocol.Dns.Data;

/// <summary>Data of a type without a class of its own, kept as it came (RFC 3597).</summary>
/// <param name="DataType">The record type.</param>
/// <param name="Bytes">The data.</param>
public sealed record UnknownData(DnsType DataType, ReadOnlyMemory<byte> Bytes) : DnsData
{
    /// <inheritdoc/>
    public override DnsType Type => DataType;

    /// <inheritdoc/>
    public override bool TryWrite(ref DnsMessageWriter writer) => writer.TryWriteBytes(Bytes.Span);

    /// <inheritdoc/>
    public bool Equals(UnknownData? other) => other is not null && DataType == other.DataType && Bytes.Span.SequenceEqual(other.Bytes.Span);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(DataType, ByteHash.Of(Bytes.Span));

    /// <summary>The form of RFC 3597 §5.</summary>
    public override string ToString()
        => string.Create(CultureInfo.InvariantCulture, $"\\# {Bytes.Length} {Convert.ToHexStringLower(Bytes.Span)}").TrimEnd();
}
