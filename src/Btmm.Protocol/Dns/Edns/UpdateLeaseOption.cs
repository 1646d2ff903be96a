using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Btmm.Protocol.Dns.Edns;

/// <summary>The Update Lease option (RFC 9664 §4.1), in its 4-byte or 8-byte form.</summary>
/// <param name="Lease">The lease of all records but KEY, seconds.</param>
/// <param name="KeyLease">The lease of KEY records, seconds; null in the 4-byte form, where it equals <paramref name="Lease"/>.</param>
public sealed record UpdateLeaseOption(uint Lease, uint? KeyLease = null) : EdnsOption
{
    /// <summary>The option's code.</summary>
    public const ushort OptionCode = 2;

    private const int ShortSize = 4;
    private const int LongSize = 8;

    /// <inheritdoc/>
    public override ushort Code => OptionCode;

    /// <inheritdoc/>
    public override int DataLength => KeyLease is null ? ShortSize : LongSize;

    /// <summary>Reads the option; false when its length is neither 4 nor 8.</summary>
    /// <param name="data">The data.</param>
    /// <param name="option">The option.</param>
    public static bool TryRead(ReadOnlySpan<byte> data, [NotNullWhen(true)] out UpdateLeaseOption? option)
    {
        option = data.Length switch
        {
            ShortSize => new UpdateLeaseOption(BinaryPrimitives.ReadUInt32BigEndian(data)),
            LongSize => new UpdateLeaseOption(BinaryPrimitives.ReadUInt32BigEndian(data), BinaryPrimitives.ReadUInt32BigEndian(data[ShortSize..])),
            _ => null,
        };
        return option is not null;
    }

    /// <inheritdoc/>
    public override void WriteData(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt32BigEndian(destination, Lease);
        if (KeyLease is { } keyLease) BinaryPrimitives.WriteUInt32BigEndian(destination[ShortSize..], keyLease);
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"UL: {Lease} {KeyLease}").TrimEnd();
}
