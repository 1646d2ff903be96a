using System.Globalization;

namespace Btmm.Protocol.Dns.Data;

/// <summary>The start of a zone of authority (RFC 1035 §3.3.13). Times are seconds.</summary>
/// <param name="PrimaryServer">MNAME, the primary server.</param>
/// <param name="Mailbox">RNAME, the mailbox of the person responsible.</param>
/// <param name="Serial">The zone's version (see <see cref="SerialNumber"/>).</param>
/// <param name="Refresh">How often a secondary asks for the serial.</param>
/// <param name="Retry">How soon it asks again after a failure.</param>
/// <param name="Expire">After which time without success it stops serving.</param>
/// <param name="Minimum">The lifetime of negative answers (RFC 2308 §4).</param>
public sealed record SoaData(
    DnsName PrimaryServer, DnsName Mailbox, uint Serial, uint Refresh, uint Retry, uint Expire, uint Minimum) : DnsData
{
    private const int NumbersSize = 20;

    /// <inheritdoc/>
    public override DnsType Type => DnsType.SOA;

    /// <inheritdoc/>
    public override bool TryWrite(ref DnsMessageWriter writer)
        => writer.TryWriteName(PrimaryServer.Wire, compress: true) && writer.TryWriteName(Mailbox.Wire, compress: true)
        && writer.TryWriteUInt32(Serial) && writer.TryWriteUInt32(Refresh) && writer.TryWriteUInt32(Retry)
        && writer.TryWriteUInt32(Expire) && writer.TryWriteUInt32(Minimum);

    /// <inheritdoc/>
    public override string ToString()
        => string.Create(CultureInfo.InvariantCulture, $"{PrimaryServer} {Mailbox} {Serial} {Refresh} {Retry} {Expire} {Minimum}");

    internal static SoaData? Read(DataSource source)
    {
        if (!source.TryName(out DnsName? server, out DataSource after) || !after.TryName(out DnsName? mailbox, out after)) return null;
        if (after.Rest.Length != NumbersSize) return null;
        var fields = after.Fields;
        fields.TryReadUInt32(out uint serial);
        fields.TryReadUInt32(out uint refresh);
        fields.TryReadUInt32(out uint retry);
        fields.TryReadUInt32(out uint expire);
        fields.TryReadUInt32(out uint minimum);
        return new SoaData(server, mailbox, serial, refresh, retry, expire, minimum);
    }
}
