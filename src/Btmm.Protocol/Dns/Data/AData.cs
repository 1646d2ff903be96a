using System.Net;
using System.Net.Sockets;

namespace Btmm.Protocol.Dns.Data;

/// <summary>An IPv4 address (RFC 1035 §3.4.1).</summary>
public sealed record AData : DnsData
{
    /// <summary>Wraps an address.</summary>
    /// <param name="address">An IPv4 address.</param>
    /// <exception cref="ArgumentException">It is of another family.</exception>
    public AData(IPAddress address)
    {
        if (address.AddressFamily != AddressFamily.InterNetwork) throw new ArgumentException("Not an IPv4 address.", nameof(address));
        Address = address;
    }

    /// <summary>The address.</summary>
    public IPAddress Address { get; }

    /// <inheritdoc/>
    public override DnsType Type => DnsType.A;

    /// <inheritdoc/>
    public override bool TryWrite(ref DnsMessageWriter writer)
    {
        Span<byte> bytes = stackalloc byte[4];
        return Address.TryWriteBytes(bytes, out _) && writer.TryWriteBytes(bytes);
    }

    /// <inheritdoc/>
    public override string ToString() => Address.ToString();

    internal static AData? Read(DataSource source) => source.Rest.Length == 4 ? new AData(new IPAddress(source.Rest)) : null;
}
