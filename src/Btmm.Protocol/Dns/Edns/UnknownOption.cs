using System.Globalization;
using Btmm.Protocol.Dns.Data;

namespace Btmm.Protocol.Dns.Edns;

/// <summary>An option without a class of its own, kept as it came.</summary>
/// <param name="OptionCode">The code.</param>
/// <param name="Data">The data.</param>
public sealed record UnknownOption(ushort OptionCode, ReadOnlyMemory<byte> Data) : EdnsOption
{
    /// <inheritdoc/>
    public override ushort Code => OptionCode;

    /// <inheritdoc/>
    public override int DataLength => Data.Length;

    /// <inheritdoc/>
    public override void WriteData(Span<byte> destination) => Data.Span.CopyTo(destination);

    /// <inheritdoc/>
    public bool Equals(UnknownOption? other) => other is not null && OptionCode == other.OptionCode && Data.Span.SequenceEqual(other.Data.Span);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(OptionCode, ByteHash.Of(Data.Span));

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"OPT{OptionCode}: {Convert.ToHexStringLower(Data.Span)}");
}
