using System.Net;
using Btmm.Core.Diagnostics;
using Btmm.Core.Dns.Tls;
using Btmm.Core.SignOn;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Protocol.Dns.Tsig;

namespace Btmm.Core.Dns;

/// <summary>
/// Finds the zone of a name by asking for SOA records, and the zone's servers by its SRV records (RFC 8764 §4, RFC 2136 §4.3);
/// explicitly configured servers replace the search. Keeps nothing. Thread-safe.
/// </summary>
public sealed partial class ZoneServerFinder
{
    private const string UpdateService = "_dns-update._udp";
    private const string LongLivedQueryService = "_dns-llq._udp";
    private const int DnsPort = 53;

    private static readonly DnsType[] s_addressTypes = [DnsType.A, DnsType.AAAA];

    private readonly DnsClient _client;
    private readonly INameServerSource _resolvers;

    /// <summary>Makes a finder.</summary>
    /// <param name="client">Does the exchanges.</param>
    /// <param name="resolvers">The resolvers to ask.</param>
    public ZoneServerFinder(DnsClient client, INameServerSource resolvers)
    {
        _client = client;
        _resolvers = resolvers;
    }

    /// <summary>Finds the servers of the zone that a name belongs to.</summary>
    /// <param name="name">The name, such as an account's domain.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    /// <exception cref="BtmmException">ZoneServiceNotFound, or the resolvers do not answer.</exception>
    public async Task<ZoneServers> FindAsync(DnsName name, CancellationToken cancellationToken = default)
    {
        IReadOnlyList<IPEndPoint> resolvers = Resolvers();
        (DnsName zone, SoaData soa) = await FindZoneAsync(name, resolvers, key: null, cancellationToken).ConfigureAwait(false) ?? throw NotFound(name);
        IReadOnlyList<IPEndPoint> primary = await FindEndpointsAsync(zone, UpdateService, resolvers, cancellationToken).ConfigureAwait(false);
        if (primary.Count == 0)
            primary = await FindAddressesAsync(soa.PrimaryServer, DnsPort, resolvers, cancellationToken).ConfigureAwait(false);
        if (primary.Count == 0) throw NotFound(name);
        IReadOnlyList<IPEndPoint> queries = await FindEndpointsAsync(zone, LongLivedQueryService, resolvers, cancellationToken).ConfigureAwait(false);
        return new ZoneServers(zone, primary, queries);
    }

    /// <summary>
    /// Uses configured servers and asks them only for the zone's apex; without any, finds them. With TLS, asks for the services
    /// by TLS as well.
    /// </summary>
    /// <param name="name">The name, such as an account's domain.</param>
    /// <param name="servers">The configured servers; host names among them are looked up.</param>
    /// <param name="key">Signs the questions to the zone's servers.</param>
    /// <param name="authority">Whom to believe about TLS servers; null for nobody but, where an entry says so, public authorities.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    /// <exception cref="BtmmException">
    /// A host name has no address, the servers do not answer or know no such zone, or TLS is required and cannot be used.
    /// </exception>
    public async Task<ZoneServers> FindAsync(
        DnsName name, IReadOnlyList<ZoneServer> servers, TsigKey? key, AccountAuthority? authority = null, CancellationToken cancellationToken = default)
    {
        if (servers.Count == 0)
        {
            ZoneServers found = await FindAsync(name, cancellationToken).ConfigureAwait(false);
            return authority is null ? found : await PreferTlsAsync(found, key, TlsTrust.Only(authority), entry: null, cancellationToken).ConfigureAwait(false);
        }

        IReadOnlyList<TlsEndPoint> encrypted = await FindConfiguredTlsAsync(name, servers, authority, cancellationToken).ConfigureAwait(false);
        if (encrypted.Count > 0)
        {
            (DnsName own, _) = await FindZoneAsync(name, encrypted, key, cancellationToken).ConfigureAwait(false) ?? throw NotFound(name);
            return await AddServicesAsync(new ZoneServers(own, encrypted, []), key, encrypted, cancellationToken).ConfigureAwait(false);
        }

        ZoneServers clear = await FindConfiguredAsync(name, servers, key, cancellationToken).ConfigureAwait(false);
        ZoneServer? entry = servers.FirstOrDefault(server => server.Tls == TlsUse.Preferred && TrustOf(server, authority) is not null);
        return entry is null ? clear : await PreferTlsAsync(clear, key, TrustOf(entry, authority)!, entry, cancellationToken).ConfigureAwait(false);
    }

    private async Task<ZoneServers> FindConfiguredAsync(DnsName name, IReadOnlyList<ZoneServer> servers, TsigKey? key, CancellationToken cancellationToken)
    {
        var primary = new List<IPEndPoint>();
        var queries = new List<IPEndPoint>();
        foreach (ZoneServer server in servers)
        {
            foreach (IPAddress address in await FindHostAsync(server.Host, cancellationToken).ConfigureAwait(false))
            {
                primary.Add(new IPEndPoint(address, server.Port));
                queries.Add(new IPEndPoint(address, server.LongLivedQueryPort ?? server.Port));
            }
        }

        (DnsName zone, _) = await FindZoneAsync(name, primary, key, cancellationToken).ConfigureAwait(false) ?? throw NotFound(name);
        return new ZoneServers(zone, primary, queries);
    }

    /// <summary>
    /// Asks for the SOA record of the name, then of its ancestors, until an answer or its authority section has one. The
    /// top-level domain and the root are not asked about: no account lives there.
    /// </summary>
    private async Task<(DnsName Zone, SoaData Soa)?> FindZoneAsync(
        DnsName name, IReadOnlyList<IPEndPoint> servers, TsigKey? key, CancellationToken cancellationToken)
    {
        for (DnsName at = name; at == name || at.LabelCount > 1; at = at.Parent)
        {
            DnsReply reply = await _client.QueryAsync(new DnsQuestion(at, DnsType.SOA), servers, key, cancellationToken: cancellationToken).ConfigureAwait(false);
            DnsRecord? soa = reply.Message.Answers.Concat(reply.Message.Authority)
                .FirstOrDefault(record => record.Type == DnsType.SOA && at.IsSubdomainOf(record.Name));
            if (soa is { Data: SoaData data }) return (soa.Name, data);
        }

        return null;
    }

    private async Task<IReadOnlyList<IPEndPoint>> FindEndpointsAsync(
        DnsName zone, string service, IReadOnlyList<IPEndPoint> servers, CancellationToken cancellationToken)
    {
        IEnumerable<(SrvData Service, IPEndPoint EndPoint)> found =
            await FindServiceAsync(zone, service, servers, key: null, cancellationToken).ConfigureAwait(false);
        return [.. found.Select(static item => item.EndPoint)];
    }

    private async Task<IReadOnlyList<(SrvData Service, IPEndPoint EndPoint)>> FindServiceAsync(
        DnsName zone, string service, IReadOnlyList<IPEndPoint> servers, TsigKey? key, CancellationToken cancellationToken)
    {
        DnsName name = zone.PrependLabels(service);
        DnsReply reply = await _client.QueryAsync(new DnsQuestion(name, DnsType.SRV), servers, key, cancellationToken: cancellationToken).ConfigureAwait(false);
        var found = new List<(SrvData, IPEndPoint)>();
        IEnumerable<SrvData> services = reply.Message.Answers.Where(record => record.Name == name).Select(record => record.Data).OfType<SrvData>();
        foreach (SrvData srv in ServiceOrder.Sort(services, _client.Random))
        {
            IPEndPoint[] given = [.. Addresses(reply.Message.Additional, srv.Target).Select(address => new IPEndPoint(address, srv.Port))];
            IReadOnlyList<IPEndPoint> asked = srv.Target.IsSubdomainOf(zone) ? servers : Resolvers(servers);
            IEnumerable<IPEndPoint> all = given.Length > 0 ? given : await FindAddressesAsync(srv.Target, srv.Port, asked, cancellationToken).ConfigureAwait(false);
            found.AddRange(all.Select(endpoint => (srv, endpoint)));
        }

        return found;
    }

    private async Task<IReadOnlyList<IPEndPoint>> FindAddressesAsync(
        DnsName host, int port, IReadOnlyList<IPEndPoint> servers, CancellationToken cancellationToken)
    {
        var found = new List<IPEndPoint>();
        foreach (DnsType type in s_addressTypes)
        {
            DnsReply reply = await _client.QueryAsync(new DnsQuestion(host, type), servers, cancellationToken: cancellationToken).ConfigureAwait(false);
            found.AddRange(Addresses(reply.Message.Answers, owner: null).Select(address => new IPEndPoint(address, port)));
        }

        return found;
    }

    private async Task<IReadOnlyList<IPAddress>> FindHostAsync(string host, CancellationToken cancellationToken)
    {
        if (IPAddress.TryParse(host, out IPAddress? address)) return [address];
        if (string.Equals(host, "localhost", StringComparison.OrdinalIgnoreCase)) return [IPAddress.Loopback];
        if (!DnsName.TryParse(host, out DnsName? name))
            throw new BtmmException(BtmmErrorReason.InvalidValue, $"'{host}' is not a host name.", "Write an address or a host name.");
        IReadOnlyList<IPEndPoint> found = await FindAddressesAsync(name, 0, Resolvers(), cancellationToken).ConfigureAwait(false);
        if (found.Count > 0) return [.. found.Select(endpoint => endpoint.Address)];
        throw new BtmmException(BtmmErrorReason.NameNotFound, $"The server name {host} has no address.", "Check its spelling, or write its address.");
    }

    /// <summary>Addresses in a section: of one owner, or (in an answer, through aliases) of all.</summary>
    private static IEnumerable<IPAddress> Addresses(IEnumerable<DnsRecord> records, DnsName? owner)
        => records.Where(record => owner is null || record.Name == owner).Select(record => record.Data switch
        {
            AData a => a.Address,
            AaaaData aaaa => aaaa.Address,
            _ => null,
        }).OfType<IPAddress>();

    private IReadOnlyList<IPEndPoint> Resolvers()
    {
        IReadOnlyList<IPEndPoint> resolvers = _resolvers.GetNameServers();
        if (resolvers.Count > 0) return resolvers;
        throw new BtmmException(BtmmErrorReason.InvalidValue, "No DNS resolver is configured.", "Configure one for the host, or give the account's servers explicitly.");
    }

    // A zone's own servers know nothing of other zones.
    private IReadOnlyList<IPEndPoint> Resolvers(IReadOnlyList<IPEndPoint> otherwise) =>
        _resolvers.GetNameServers() is { Count: > 0 } resolvers ? resolvers : otherwise;

    private static BtmmException NotFound(DnsName name) => new(
        BtmmErrorReason.ZoneServiceNotFound,
        $"No server for the zone of {name} could be found.",
        $"Publish {UpdateService} and {LongLivedQueryService} SRV records in the zone, or give the account's servers explicitly.");
}
