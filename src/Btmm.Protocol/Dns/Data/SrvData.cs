using System.Globalization;

namespace Btmm.Protocol.Dns.Data;

/// <summary>Where a service is (RFC 2782).</summary>
/// <param name="Priority">Lower is tried first.</param>
/// <param name="Weight">The share among equal priorities.</param>
/// <param name="Port">The port.</param>
/// <param name="Target">The host; the root means that the service is not offered.</param>
public sealed record SrvData(ushort Priority, ushort Weight, ushort Port, DnsName Target) : DnsData
{
    private const int NumbersSize = 6;

    /// <inheritdoc/>
    public override DnsType Type => DnsType.SRV;

    /// <inheritdoc/>
    public override bool TryWrite(ref DnsMessageWriter writer)
        => writer.TryWriteUInt16(Priority) && writer.TryWriteUInt16(Weight) && writer.TryWriteUInt16(Port)
        && writer.TryWriteName(Target.Wire, compress: false); // RFC 2782: not to be compressed

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Priority} {Weight} {Port} {Target}");

    internal static SrvData? Read(DataSource source)
    {
        if (source.Rest.Length <= NumbersSize) return null;
        var fields = source.Fields;
        fields.TryReadUInt16(out ushort priority);
        fields.TryReadUInt16(out ushort weight);
        fields.TryReadUInt16(out ushort port);
        return source.Skip(NumbersSize).TryLastName(out DnsName? target) ? new SrvData(priority, weight, port, target) : null;
    }
}
