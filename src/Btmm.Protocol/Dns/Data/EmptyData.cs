namespace Btmm.Protocol.Dns.Data;

/// <summary>No data: entries of an UPDATE that name an RRset or a name only (RFC 2136 §2.4, §2.5).</summary>
public sealed record EmptyData : DnsData
{
    private EmptyData()
    {
    }

    /// <summary>The one instance.</summary>
    public static EmptyData Instance { get; } = new();

    /// <inheritdoc/>
    public override DnsType Type => DnsType.None;

    /// <inheritdoc/>
    public override bool TryWrite(ref DnsMessageWriter writer) => true;

    /// <inheritdoc/>
    public override string ToString() => string.Empty;
}
