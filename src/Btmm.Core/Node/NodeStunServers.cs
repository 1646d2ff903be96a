using System.Net;
using System.Net.Sockets;
using Btmm.Core.Diagnostics;
using Btmm.Core.Dns;
using Btmm.Core.NatTraversal.Verdicts;
using Btmm.Protocol.Dns;

namespace Btmm.Core.Node;

/// <summary>
/// Whom a node asks by STUN: the servers that its user names, and those of its zone, since ours answer STUN where they answer DNS.
/// Looked for anew each time, since names lead elsewhere on other networks. Thread-safe.
/// </summary>
/// <param name="zone">Finds the zone's servers.</param>
/// <param name="named">The servers that the user names.</param>
/// <param name="resolve">Looks up the addresses of a name; an address is its own.</param>
/// <param name="time">The clock.</param>
internal sealed class NodeStunServers(
    ZoneLocator zone, IReadOnlyList<DnsEndPoint> named, Func<string, CancellationToken, Task<IPAddress[]>> resolve, TimeProvider time)
{
    /// <summary>Whoever asks knows less without servers, but does not wait for them for long.</summary>
    private static readonly TimeSpan s_searchLimit = TimeSpan.FromSeconds(2);

    /// <summary>The zone whose servers they are.</summary>
    internal DnsName Zone => zone.Domain;

    /// <summary>The addresses of all, those that were named first.</summary>
    internal async Task<IReadOnlyList<IPEndPoint>> FindAsync(CancellationToken cancellationToken)
    {
        Task<(IReadOnlyList<IPEndPoint> Found, IReadOnlyList<GatewayEvidence>)> byName = FindNamedAsync(cancellationToken);
        IReadOnlyList<IPEndPoint> zones = await FindZoneServersAsync(cancellationToken).ConfigureAwait(false);
        return [.. (await byName.ConfigureAwait(false)).Found, .. zones];
    }

    /// <summary>The zone's servers; none when they cannot be found now.</summary>
    internal async Task<IReadOnlyList<IPEndPoint>> FindZoneServersAsync(CancellationToken cancellationToken)
    {
        using var timer = new CancellationTokenSource(s_searchLimit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token);
        try
        {
            ZoneServers servers = await zone.GetAsync(either.Token).ConfigureAwait(false);
            // Another port of the same server tells at least whether the NAT has one outer port for both.
            return [.. servers.Primary, .. servers.LongLivedQueries];
        }
        catch (BtmmException)
        {
            return []; // The watcher of the zone has told it.
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return [];
        }
    }

    /// <summary>The IPv4 addresses of the servers that were named, and what is to be told of those that have none.</summary>
    internal async Task<(IReadOnlyList<IPEndPoint> Found, IReadOnlyList<GatewayEvidence> Missed)> FindNamedAsync(CancellationToken cancellationToken)
    {
        (IPEndPoint[] Found, GatewayEvidence? Missed)[] all = await Task.WhenAll(named.Select(server => ResolveAsync(server, cancellationToken))).ConfigureAwait(false);
        return ([.. all.SelectMany(one => one.Found).Distinct()], [.. all.Select(one => one.Missed).OfType<GatewayEvidence>()]);
    }

    private async Task<(IPEndPoint[] Found, GatewayEvidence? Missed)> ResolveAsync(DnsEndPoint server, CancellationToken cancellationToken)
    {
        long start = time.GetTimestamp();
        using var timer = new CancellationTokenSource(s_searchLimit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token);
        string why;
        try
        {
            IPAddress[] addresses = await resolve(server.Host, either.Token).ConfigureAwait(false);
            IPEndPoint[] found = [.. addresses.Where(address => address.AddressFamily == AddressFamily.InterNetwork).Select(address => new IPEndPoint(address, server.Port))];
            if (found.Length > 0) return (found, null);
            why = "has no IPv4 address";
        }
        catch (Exception e) when (e is SocketException or ArgumentException)
        {
            why = $"was not found: {e.Message}";
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            why = "was not found within the time";
        }

        return ([], new GatewayEvidence(GatewayStep.Stun, $"{server.Host}:{server.Port}", why, time.GetElapsedTime(start)));
    }
}
