using System.Net;
using System.Net.Sockets;

namespace Btmm.Protocol.Dns.Data;

/// <summary>An IPv6 address (RFC 3596).</summary>
public sealed record AaaaData : DnsData
{
    /// <summary>Wraps an address.</summary>
    /// <param name="address">An IPv6 address; a scope is dropped.</param>
    /// <exception cref="ArgumentException">It is of another family.</exception>
    public AaaaData(IPAddress address)
    {
        if (address.AddressFamily != AddressFamily.InterNetworkV6) throw new ArgumentException("Not an IPv6 address.", nameof(address));
        Address = address.ScopeId == 0 ? address : new IPAddress(address.GetAddressBytes());
    }

    /// <summary>The address.</summary>
    public IPAddress Address { get; }

    /// <inheritdoc/>
    public override DnsType Type => DnsType.AAAA;

    /// <inheritdoc/>
    public override bool TryWrite(ref DnsMessageWriter writer)
    {
        Span<byte> bytes = stackalloc byte[16];
        return Address.TryWriteBytes(bytes, out _) && writer.TryWriteBytes(bytes);
    }

    /// <inheritdoc/>
    public override string ToString() => Address.ToString();

    internal static AaaaData? Read(DataSource source) => source.Rest.Length == 16 ? new AaaaData(new IPAddress(source.Rest)) : null;
}
