using System.Net;
using Btmm.Core.Diagnostics;
using Btmm.Core.Dns.Tls;
using Btmm.Core.SignOn;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Protocol.Dns.Tsig;

namespace Btmm.Core.Dns;

/// <content>
/// Services by TLS. Whether there are any is asked of the zone's own servers and signed, so that nobody on the way can hide
/// them and have an account speak in clear text.
/// </content>
public sealed partial class ZoneServerFinder
{
    // As Apple's code had it, and as RFC 6281 §4.2 prints it. Only a server that takes updates can do everything.
    private static readonly string[] s_updateTls = ["_dns-update-tls._tcp", "_dns-update-tls._udp"];
    private static readonly string[] s_longLivedQueryTls = ["_dns-llq-tls._tcp", "_dns-llq-tls._udp"];
    private static readonly string[] s_push = ["_dns-push-tls._tcp"];

    // The name of a server that an account's authority certified, when nothing says another.
    private const string ServerLabel = "ns";

    private static TlsTrust? TrustOf(ZoneServer server, AccountAuthority? authority) =>
        server.HasPublicCertificate ? TlsTrust.System : authority is null ? null : TlsTrust.Only(authority);

    /// <summary>The endpoints of the entries that say by themselves how to reach them by TLS.</summary>
    private async Task<IReadOnlyList<TlsEndPoint>> FindConfiguredTlsAsync(
        DnsName name, IReadOnlyList<ZoneServer> servers, AccountAuthority? authority, CancellationToken cancellationToken)
    {
        var found = new List<TlsEndPoint>();
        foreach (ZoneServer server in servers.Where(static item => item.Tls == TlsUse.Required || (item.TlsPort is not null && item.Tls != TlsUse.Off)))
        {
            TlsTrust trust = TrustOf(server, authority) ?? throw NobodyTrusted(server);
            string expected = server.TlsName ?? (server.HasPublicCertificate ? server.Host : TlsName.Of(name.Prepend(ServerLabel)));
            foreach (IPAddress address in await FindHostAsync(server.Host, cancellationToken).ConfigureAwait(false))
                found.Add(new TlsEndPoint(address, server.TlsPort ?? TlsEndPoint.DefaultPort, expected, trust));
        }

        return found;
    }

    /// <summary>The same servers by TLS when the zone says that it offers that, else as they are.</summary>
    private async Task<ZoneServers> PreferTlsAsync(
        ZoneServers clear, TsigKey? key, TlsTrust trust, ZoneServer? entry, CancellationToken cancellationToken)
    {
        IReadOnlyList<(SrvData Service, IPEndPoint EndPoint)> services =
            await FindFirstAsync(clear.Zone, s_updateTls, clear.Primary, key, cancellationToken).ConfigureAwait(false);
        if (services.Count == 0) return clear;
        IReadOnlyList<TlsEndPoint> servers = entry is null ? [.. services.Select(item => MakeEndpoint(item, trust))] : Configured(clear.Primary, services, trust, entry);
        return await AddServicesAsync(new ZoneServers(clear.Zone, servers, []), key, servers, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Servers that the account names are reached from here where it says; the zone tells port and name. Where several serve it,
    /// a server is that service whose address it has, else the first.
    /// </summary>
    internal static IReadOnlyList<TlsEndPoint> Configured(
        IReadOnlyList<IPEndPoint> servers, IReadOnlyList<(SrvData Service, IPEndPoint EndPoint)> services, TlsTrust trust, ZoneServer entry)
    {
        var found = new List<TlsEndPoint>();
        foreach (IPAddress address in servers.Select(static server => server.Address).Distinct())
        {
            SrvData service = services.FirstOrDefault(item => item.EndPoint.Address.Equals(address), services[0]).Service;
            string name = entry.TlsName ?? (entry.HasPublicCertificate ? entry.Host : TlsName.Of(service.Target));
            found.Add(new TlsEndPoint(address, service.Port, name, trust));
        }

        return found;
    }

    /// <summary>Asks, by TLS, for what else there is by TLS.</summary>
    private async Task<ZoneServers> AddServicesAsync(
        ZoneServers servers, TsigKey? key, IReadOnlyList<TlsEndPoint> known, CancellationToken cancellationToken)
    {
        IReadOnlyList<(SrvData, IPEndPoint)> push = await FindFirstAsync(servers.Zone, s_push, known, key, cancellationToken).ConfigureAwait(false);
        IReadOnlyList<(SrvData, IPEndPoint)> queries = await FindFirstAsync(servers.Zone, s_longLivedQueryTls, known, key, cancellationToken).ConfigureAwait(false);
        return servers with { Push = [.. push.SelectMany(Endpoints).Distinct()], LongLivedQueriesTls = [.. queries.SelectMany(Endpoints).Distinct()] };

        // A server that is known already is reached, and believed, as it is known.
        IEnumerable<TlsEndPoint> Endpoints((SrvData Service, IPEndPoint EndPoint) item)
        {
            TlsEndPoint[] same = [.. known.Where(server => string.Equals(server.ServerName, TlsName.Of(item.Service.Target), StringComparison.OrdinalIgnoreCase))];
            return same.Length == 0
                ? [MakeEndpoint(item, known[0].Trust)]
                : same.Select(server => new TlsEndPoint(server.Address, item.Service.Port, server.ServerName, server.Trust));
        }
    }

    private static TlsEndPoint MakeEndpoint((SrvData Service, IPEndPoint EndPoint) item, TlsTrust trust) =>
        new(item.EndPoint.Address, item.EndPoint.Port, TlsName.Of(item.Service.Target), trust);

    private async Task<IReadOnlyList<(SrvData Service, IPEndPoint EndPoint)>> FindFirstAsync(
        DnsName zone, string[] names, IReadOnlyList<IPEndPoint> servers, TsigKey? key, CancellationToken cancellationToken)
    {
        foreach (string name in names)
        {
            IReadOnlyList<(SrvData Service, IPEndPoint EndPoint)> found = await FindServiceAsync(zone, name, servers, key, cancellationToken).ConfigureAwait(false);
            if (found.Count > 0) return found;
        }

        return [];
    }

    private static BtmmException NobodyTrusted(ZoneServer server) => new(
        BtmmErrorReason.InvalidValue,
        $"Nothing tells the server {server.Host} from another one: the account has no authority, and its entry says nothing of a public certificate.",
        "Import an account that has one, or mark the server as having a public certificate.");
}
