using System.Net;
using System.Net.Sockets;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Server.Hosting;
using Btmm.Server.Queries;
using Btmm.Server.Storage;
using Btmm.Server.Updates;

namespace Btmm.Server.Zones;

/// <summary>Builds a zone's first snapshot from the store, and the records by which hosts find this service. Holds no state.</summary>
internal static class ZoneContent
{
    // Short, because hosts come and go and their peers wait (our own choice).
    private const uint NegativeTtl = 30;
    private const uint ServiceTtl = 120;

    // For secondaries; usual values (RFC 1912 §2.2).
    private const uint Refresh = 3600;
    private const uint Retry = 600;
    private const uint Expire = 604_800;

    /// <summary>The zone as stored, or a new one with only its SOA.</summary>
    internal static ZoneSnapshot Load(ZoneOptions options, IReadOnlyList<StoredRecord> stored, ServiceClock clock)
    {
        DnsRecord? soa = stored.Select(static item => item.Record).FirstOrDefault(record => record.Type == DnsType.SOA && record.Name == options.Apex);
        (TimeSpan now, DateTimeOffset wall) = (clock.Now, clock.UtcNow);
        ZoneRecord[] others =
        [
            .. stored.Where(item => item.Record.Type != DnsType.SOA && item.Record.Name.IsSubdomainOf(options.Apex))
                .Select(item => new ZoneRecord(item.Record, item.LeaseEnd is { } end ? now + (end - wall) : null)),
        ];
        return ZoneSnapshot.Create(soa ?? MakeSoa(options, clock), others);
    }

    /// <summary>
    /// The transaction that makes the service's own records right: NS, its name's addresses, and the SRV records for updates
    /// and long-lived queries (RFC 8764 §4), by TLS as well when that is on. Those of other services that share the store are left to them.
    /// </summary>
    internal static UpdateResult Publish(ZoneSnapshot zone, DiscoveryNames names, IReadOnlyList<IPAddress> addresses, ServicePorts ports, bool isShared)
    {
        var editor = new ZoneEditor(zone);
        AddServer(editor, names);
        Replace(names.Update, DnsType.SRV, [new SrvData(0, 0, (ushort)ports.Dns, names.Server)]);
        Replace(names.LongLivedQuery, DnsType.SRV, [new SrvData(0, 0, (ushort)ports.LongLivedQueries, names.Server)]);
        foreach (DnsName name in names.Tls)
            Replace(name, DnsType.SRV, ports.Tls is { } tls ? [new SrvData(0, 0, (ushort)tls, names.Server)] : []);
        Replace(names.Server, DnsType.A, addresses.Where(static a => a.AddressFamily == AddressFamily.InterNetwork).Select(static a => new AData(a)));
        Replace(names.Server, DnsType.AAAA, addresses.Where(static a => a.AddressFamily == AddressFamily.InterNetworkV6).Select(static a => new AaaaData(a)));
        return new UpdateResult(DnsRcode.NoError, editor.Finish(out ZoneChange change), change);

        void Replace(DnsName name, DnsType type, IEnumerable<DnsData> data)
        {
            editor.Remove(name, item => item.Record.Type == type && (!isShared || IsOf(names.Server, item.Record.Data)));
            foreach (DnsData item in data)
                editor.Add(new DnsRecord(name, ServiceTtl, item), null);
        }
    }

    // The other name servers that an operator has put there are secondaries.
    private static void AddServer(ZoneEditor editor, DiscoveryNames names)
    {
        var server = new NsData(names.Server);
        if (!editor.RecordsAt(names.Apex).Any(item => item.Record.Data.Equals(server)))
            editor.Add(new DnsRecord(names.Apex, ServiceTtl, server), null);
    }

    private static bool IsOf(DnsName server, DnsData data) => data is not SrvData srv || srv.Target == server;

    private static DnsRecord MakeSoa(ZoneOptions options, ServiceClock clock)
    {
        // Seconds since 1970: later than the serial of any earlier life of the zone that was not kept.
        uint serial = Math.Max(1, unchecked((uint)clock.UtcNow.ToUnixTimeSeconds()));
        var data = new SoaData(options.Apex.Prepend(options.ServerLabel), options.Apex.Prepend("hostmaster"), serial, Refresh, Retry, Expire, NegativeTtl);
        return new DnsRecord(options.Apex, ServiceTtl, data);
    }
}
