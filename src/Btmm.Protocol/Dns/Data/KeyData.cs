using System.Globalization;
using Btmm.Protocol.Wire;

namespace Btmm.Protocol.Dns.Data;

/// <summary>A public key (RFC 2535 §3).</summary>
/// <param name="Flags">The flags.</param>
/// <param name="Protocol">The protocol the key is for.</param>
/// <param name="Algorithm">The algorithm's number.</param>
/// <param name="PublicKey">The key's bytes.</param>
public sealed record KeyData(ushort Flags, byte Protocol, byte Algorithm, ReadOnlyMemory<byte> PublicKey) : DnsData
{
    /// <inheritdoc/>
    public override DnsType Type => DnsType.KEY;

    /// <inheritdoc/>
    public override bool TryWrite(ref DnsMessageWriter writer)
        => writer.TryWriteUInt16(Flags) && writer.TryWriteByte(Protocol) && writer.TryWriteByte(Algorithm) && writer.TryWriteBytes(PublicKey.Span);

    /// <inheritdoc/>
    public bool Equals(KeyData? other)
        => other is not null && Flags == other.Flags && Protocol == other.Protocol && Algorithm == other.Algorithm
        && PublicKey.Span.SequenceEqual(other.PublicKey.Span);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Flags, Protocol, Algorithm, ByteHash.Of(PublicKey.Span));

    /// <inheritdoc/>
    public override string ToString()
        => string.Create(CultureInfo.InvariantCulture, $"{Flags} {Protocol} {Algorithm} {Convert.ToBase64String(PublicKey.Span)}");

    internal static KeyData? Read(ReadOnlySpan<byte> data)
    {
        var fields = new WireReader(data);
        return fields.TryReadUInt16(out ushort flags) && fields.TryReadByte(out byte protocol) && fields.TryReadByte(out byte algorithm)
            ? new KeyData(flags, protocol, algorithm, fields.Rest.ToArray())
            : null;
    }
}
