namespace Btmm.Protocol.Dns.Data;

/// <summary>The canonical name of an alias (RFC 1035 §3.3.1).</summary>
/// <param name="Target">The name.</param>
public sealed record CnameData(DnsName Target) : DnsData
{
    /// <inheritdoc/>
    public override DnsType Type => DnsType.CNAME;

    /// <inheritdoc/>
    public override bool TryWrite(ref DnsMessageWriter writer) => writer.TryWriteName(Target.Wire, compress: true);

    /// <inheritdoc/>
    public override string ToString() => Target.ToString();
}
