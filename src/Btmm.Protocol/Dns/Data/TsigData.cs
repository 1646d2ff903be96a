using System.Globalization;
using Btmm.Protocol.Wire;

namespace Btmm.Protocol.Dns.Data;

/// <summary>The data of a TSIG record (RFC 8945 §4.2).</summary>
/// <param name="Algorithm">The algorithm's name.</param>
/// <param name="TimeSigned">Seconds since 1970, 48 bits.</param>
/// <param name="Fudge">Seconds by which the clocks may differ.</param>
/// <param name="Mac">The message authentication code.</param>
/// <param name="OriginalId">The message id at the signer's.</param>
/// <param name="Error">The error, in responses.</param>
/// <param name="OtherData">Empty, or the server's time in 6 bytes with BADTIME.</param>
public sealed record TsigData(
    DnsName Algorithm, ulong TimeSigned, ushort Fudge, ReadOnlyMemory<byte> Mac, ushort OriginalId, TsigError Error, ReadOnlyMemory<byte> OtherData)
    : DnsData
{
    /// <inheritdoc/>
    public override DnsType Type => DnsType.TSIG;

    /// <inheritdoc/>
    public override bool TryWrite(ref DnsMessageWriter writer)
        => writer.TryWriteName(Algorithm.Wire, compress: false) && writer.TryWriteUInt16((ushort)(TimeSigned >> 32)) && writer.TryWriteUInt32((uint)TimeSigned)
        && writer.TryWriteUInt16(Fudge) && writer.TryWriteUInt16((ushort)Mac.Length) && writer.TryWriteBytes(Mac.Span)
        && writer.TryWriteUInt16(OriginalId) && writer.TryWriteUInt16((ushort)Error)
        && writer.TryWriteUInt16((ushort)OtherData.Length) && writer.TryWriteBytes(OtherData.Span);

    /// <inheritdoc/>
    public bool Equals(TsigData? other)
        => other is not null && Algorithm == other.Algorithm && TimeSigned == other.TimeSigned && Fudge == other.Fudge && OriginalId == other.OriginalId
        && Error == other.Error && Mac.Span.SequenceEqual(other.Mac.Span) && OtherData.Span.SequenceEqual(other.OtherData.Span);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Algorithm, TimeSigned, Fudge, ByteHash.Of(Mac.Span), OriginalId, Error);

    /// <inheritdoc/>
    public override string ToString()
        => string.Create(CultureInfo.InvariantCulture, $"{Algorithm} {TimeSigned} {Fudge} {Mac.Length} {Convert.ToBase64String(Mac.Span)} {OriginalId} {Error} {OtherData.Length}");

    internal static TsigData? Read(ReadOnlySpan<byte> data)
    {
        // The data is looked at alone, so a compressed algorithm name fails (RFC 8945 §4.2: uncompressed).
        if (!DnsNameWire.TrySkip(data, 0, out int next) || !DnsName.TryFromWire(data[..next], out DnsName? algorithm)) return null;
        var fields = new WireReader(data[next..]);
        if (!fields.TryReadUInt48(out ulong time) || !fields.TryReadUInt16(out ushort fudge)) return null;
        if (!fields.TryReadUInt16(out ushort macSize) || !fields.TryReadBytes(macSize, out ReadOnlySpan<byte> mac)) return null;
        if (!fields.TryReadUInt16(out ushort id) || !fields.TryReadUInt16(out ushort error)) return null;
        if (!fields.TryReadUInt16(out ushort otherLength) || !fields.TryReadBytes(otherLength, out ReadOnlySpan<byte> other)) return null;
        return fields.Remaining == 0 ? new TsigData(algorithm, time, fudge, mac.ToArray(), id, (TsigError)error, other.ToArray()) : null;
    }
}
