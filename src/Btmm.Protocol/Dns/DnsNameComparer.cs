namespace Btmm.Protocol.Dns;

/// <summary>
/// Compares names, also against their wire form in a span, so that a dictionary keyed by <see cref="DnsName"/> can be
/// asked without allocating (<c>GetAlternateLookup&lt;ReadOnlySpan&lt;byte&gt;&gt;()</c>). Thread-safe.
/// </summary>
public sealed class DnsNameComparer : IEqualityComparer<DnsName>, IAlternateEqualityComparer<ReadOnlySpan<byte>, DnsName>
{
    private DnsNameComparer()
    {
    }

    /// <summary>The one instance.</summary>
    public static DnsNameComparer Instance { get; } = new();

    /// <inheritdoc/>
    public bool Equals(DnsName? x, DnsName? y) => x == y;

    /// <inheritdoc/>
    public int GetHashCode(DnsName obj) => obj.GetHashCode();

    /// <inheritdoc/>
    public bool Equals(ReadOnlySpan<byte> alternate, DnsName other) => DnsNameWire.Equals(alternate, other.Wire);

    /// <inheritdoc/>
    public int GetHashCode(ReadOnlySpan<byte> alternate) => DnsNameWire.GetHashCode(alternate);

    /// <summary>Makes a name from its wire form.</summary>
    /// <param name="alternate">An uncompressed, well-formed name.</param>
    /// <exception cref="ArgumentException">The bytes are not a name.</exception>
    public DnsName Create(ReadOnlySpan<byte> alternate)
        => DnsName.TryFromWire(alternate, out DnsName? name) ? name : throw new ArgumentException("Not a name in wire form.", nameof(alternate));
}
