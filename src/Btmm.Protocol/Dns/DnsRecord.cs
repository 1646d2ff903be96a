using System.Globalization;
using Btmm.Protocol.Dns.Data;

namespace Btmm.Protocol.Dns;

/// <summary>A resource record. Immutable; equal when all fields are.</summary>
/// <param name="Name">The owner.</param>
/// <param name="Type">The type.</param>
/// <param name="Class">The class; for OPT the sender's UDP payload size.</param>
/// <param name="Ttl">Time to live in seconds; for OPT the extended rcode, version and flags.</param>
/// <param name="Data">The data, <see cref="EmptyData"/> in UPDATE entries that carry none.</param>
public sealed record DnsRecord(DnsName Name, DnsType Type, DnsClass Class, uint Ttl, DnsData Data)
{
    /// <summary>Makes a record of class IN whose type follows from its data.</summary>
    /// <param name="name">The owner.</param>
    /// <param name="ttl">Time to live in seconds.</param>
    /// <param name="data">The data.</param>
    public DnsRecord(DnsName name, uint ttl, DnsData data)
        : this(name, data.Type, DnsClass.IN, ttl, data)
    {
    }

    /// <summary>Whether the other record is the same one, whatever its TTL (RFC 2136 §1.1.1).</summary>
    /// <param name="other">The other record.</param>
    public bool IsSameAs(DnsRecord other) => Type == other.Type && Class == other.Class && Name == other.Name && Data.Equals(other.Data);

    /// <summary>The record in the text form of a zone file line.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Name} {Ttl} {Class} {Type} {Data}");
}
