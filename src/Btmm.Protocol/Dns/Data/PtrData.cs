namespace Btmm.Protocol.Dns.Data;

/// <summary>A pointer to another name (RFC 1035 §3.3.12).</summary>
/// <param name="Target">The name.</param>
public sealed record PtrData(DnsName Target) : DnsData
{
    /// <inheritdoc/>
    public override DnsType Type => DnsType.PTR;

    /// <inheritdoc/>
    public override bool TryWrite(ref DnsMessageWriter writer) => writer.TryWriteName(Target.Wire, compress: true);

    /// <inheritdoc/>
    public override string ToString() => Target.ToString();
}
