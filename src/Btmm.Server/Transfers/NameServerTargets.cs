using System.Net;
using System.Net.Sockets;
using Btmm.Core.Administration;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Server.Hosting;
using Btmm.Server.Zones;

namespace Btmm.Server.Transfers;

/// <summary>
/// Whom to notify: the zone's configured secondaries, and when it says so the servers in its NS records other than this one
/// (RFC 1996 §2). Addresses outside the zone are asked of the system's resolver and kept for a while. For one loop.
/// </summary>
internal sealed class NameServerTargets(ServiceClock clock, Func<string, CancellationToken, Task<IPAddress[]>> resolve)
{
    private const int DnsPort = 53;
    private const int MaxKept = 1024;

    private static readonly TimeSpan s_keep = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

    private readonly Dictionary<DnsName, (IPAddress[] Addresses, TimeSpan Until)> _kept = [];

    internal async ValueTask<IReadOnlyList<ZoneSecondary>> FindAsync(Zone zone, CancellationToken cancellationToken)
    {
        if (!zone.Options.NotifiesNameServers)
            return zone.Options.Secondaries;
        List<ZoneSecondary> targets = [.. zone.Options.Secondaries];
        ZoneSnapshot snapshot = zone.Current;
        foreach (DnsRecord record in snapshot.FindSet(zone.Apex, DnsType.NS))
        {
            if (record.Data is not NsData { NameServer: var server } || server == zone.Discovery.Server)
                continue;
            IEnumerable<IPAddress> addresses = snapshot.Contains(server)
                ? AddressesIn(snapshot, server)
                : await ResolveAsync(server, cancellationToken).ConfigureAwait(false);
            targets.AddRange(addresses.Select(static address => new ZoneSecondary(new IPEndPoint(address, DnsPort))).ExceptBy(targets.Select(static item => item.EndPoint), static item => item.EndPoint));
        }

        return targets;
    }

    private static IEnumerable<IPAddress> AddressesIn(ZoneSnapshot zone, DnsName server) =>
        zone.FindSet(server, DnsType.A).Select(static record => ((AData)record.Data).Address)
            .Concat(zone.FindSet(server, DnsType.AAAA).Select(static record => ((AaaaData)record.Data).Address));

    private async ValueTask<IPAddress[]> ResolveAsync(DnsName server, CancellationToken cancellationToken)
    {
        if (_kept.TryGetValue(server, out (IPAddress[] Addresses, TimeSpan Until) kept) && kept.Until > clock.Now)
            return kept.Addresses;
        IPAddress[] addresses = [];
        try
        {
            addresses = await resolve(server.ToString(), cancellationToken).WaitAsync(s_patience, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (error is SocketException or TimeoutException or ArgumentException)
        {
            ServerLog.Instance.NotifyFailed(server.ToString(), error.Message);
        }

        if (_kept.Count >= MaxKept)
            _kept.Clear();
        _kept[server] = (addresses, clock.Now + s_keep);
        return addresses;
    }
}
