namespace Btmm.Protocol.Dns.Data;

/// <summary>A name server of the zone (RFC 1035 §3.3.11).</summary>
/// <param name="NameServer">The name.</param>
public sealed record NsData(DnsName NameServer) : DnsData
{
    /// <inheritdoc/>
    public override DnsType Type => DnsType.NS;

    /// <inheritdoc/>
    public override bool TryWrite(ref DnsMessageWriter writer) => writer.TryWriteName(NameServer.Wire, compress: true);

    /// <inheritdoc/>
    public override string ToString() => NameServer.ToString();
}
