using System.Diagnostics.CodeAnalysis;

namespace Btmm.Protocol.Dns.Data;

/// <summary>
/// The data of a resource record. Immutable, compared by value (names without case). The text form is that of zone files.
/// </summary>
public abstract record DnsData
{
    /// <summary>The record type that this data belongs to.</summary>
    public abstract DnsType Type { get; }

    /// <summary>Reads the data of a record; types not known here become <see cref="UnknownData"/> (RFC 3597).</summary>
    /// <param name="message">The whole message, for compressed names.</param>
    /// <param name="type">The record's type.</param>
    /// <param name="offset">Where the data begins.</param>
    /// <param name="length">RDLENGTH; the data must fill it exactly.</param>
    /// <param name="data">The data.</param>
    /// <returns>False when the data is malformed (RFC 9267 §5).</returns>
    public static bool TryRead(ReadOnlySpan<byte> message, DnsType type, int offset, int length, [NotNullWhen(true)] out DnsData? data)
    {
        data = null;
        if (offset < 0 || length < 0 || offset > message.Length || length > message.Length - offset) return false;
        // Names may reach back into the message but not beyond the record's end.
        var source = new DataSource(message[..(offset + length)], offset);
        data = type switch
        {
            DnsType.A => AData.Read(source),
            DnsType.AAAA => AaaaData.Read(source),
            DnsType.NS => source.TryLastName(out DnsName? name) ? new NsData(name) : null,
            DnsType.CNAME => source.TryLastName(out DnsName? name) ? new CnameData(name) : null,
            DnsType.PTR => source.TryLastName(out DnsName? name) ? new PtrData(name) : null,
            DnsType.SOA => SoaData.Read(source),
            DnsType.MX => MxData.Read(source),
            DnsType.SRV => SrvData.Read(source),
            DnsType.TXT => TxtData.Read(source.Rest),
            DnsType.KEY => KeyData.Read(source.Rest),
            DnsType.OPT => OptData.Read(source.Rest),
            DnsType.TSIG => TsigData.Read(source.Rest),
            _ => new UnknownData(type, source.Rest.ToArray()),
        };
        return data is not null;
    }

    /// <summary>Writes the data without its RDLENGTH.</summary>
    /// <param name="writer">Where to write; names that may be compressed are (RFC 3597 §4).</param>
    /// <returns>False when there is no room.</returns>
    public abstract bool TryWrite(ref DnsMessageWriter writer);
}
