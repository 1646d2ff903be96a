using System.Globalization;

namespace Btmm.Protocol.Dns.Data;

/// <summary>A host that takes mail for the name (RFC 1035 §3.3.9).</summary>
/// <param name="Preference">Lower is tried first.</param>
/// <param name="Exchange">The host.</param>
public sealed record MxData(ushort Preference, DnsName Exchange) : DnsData
{
    /// <inheritdoc/>
    public override DnsType Type => DnsType.MX;

    /// <inheritdoc/>
    public override bool TryWrite(ref DnsMessageWriter writer) => writer.TryWriteUInt16(Preference) && writer.TryWriteName(Exchange.Wire, compress: true);

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Preference} {Exchange}");

    internal static MxData? Read(DataSource source)
    {
        var fields = source.Fields;
        return fields.TryReadUInt16(out ushort preference) && source.Skip(sizeof(ushort)).TryLastName(out DnsName? exchange)
            ? new MxData(preference, exchange)
            : null;
    }
}
