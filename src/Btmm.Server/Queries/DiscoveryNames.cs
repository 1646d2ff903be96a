using System.Collections.Frozen;
using Btmm.Protocol.Dns;

namespace Btmm.Server.Queries;

/// <summary>
/// The names of a zone that a host must be able to read before it can sign anything: where to send updates and long-lived
/// queries, and the address of that server (RFC 8764 §4, RFC 6281 §4.2). All others belong to the account. Immutable.
/// </summary>
internal sealed class DiscoveryNames
{
    // Apple's code looked for the services by TLS under _tcp, RFC 6281 §4.2 prints _udp; subscriptions are under _tcp (RFC 8765 §6.1).
    private static readonly string[] s_tlsLabels =
    [
        "_dns-push-tls._tcp", "_dns-update-tls._tcp", "_dns-update-tls._udp",
        "_dns-llq-tls._tcp", "_dns-llq-tls._udp", "_dns-query-tls._tcp", "_dns-query-tls._udp",
    ];

    private readonly FrozenSet<DnsName> _names;
    private readonly FrozenSet<DnsName>.AlternateLookup<ReadOnlySpan<byte>> _wireNames;

    internal DiscoveryNames(DnsName apex, string serverLabel)
    {
        Apex = apex;
        Server = apex.Prepend(serverLabel);
        Update = apex.PrependLabels("_dns-update._udp");
        LongLivedQuery = apex.PrependLabels("_dns-llq._udp");
        Tls = [.. s_tlsLabels.Select(apex.PrependLabels)];
        _names = Tls.Concat([Update, LongLivedQuery, Server]).ToFrozenSet<DnsName>(DnsNameComparer.Instance);
        _wireNames = _names.GetAlternateLookup<ReadOnlySpan<byte>>();
    }

    internal DnsName Apex { get; }

    /// <summary>The name of this server within the zone.</summary>
    internal DnsName Server { get; }

    internal DnsName Update { get; }

    internal DnsName LongLivedQuery { get; }

    /// <summary>The names of the services by TLS.</summary>
    internal IReadOnlyList<DnsName> Tls { get; }

    /// <summary>Whether a name is one of the service's own; accounts cannot change it.</summary>
    internal bool Contains(DnsName name) => _names.Contains(name);

    /// <summary>Whether anybody may read the records of a name in uncompressed wire form.</summary>
    internal bool IsPublic(ReadOnlySpan<byte> name, DnsType type) =>
        _wireNames.Contains(name) || (type is DnsType.SOA or DnsType.NS && DnsNameWire.Equals(name, Apex.Wire));
}
