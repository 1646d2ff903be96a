using System.Net;
using Btmm.Core.Diagnostics;
using Btmm.Core.Dns;
using Btmm.Protocol.Dns;

namespace Btmm.Core.Node;

/// <summary>The zone's servers, as STUN servers to ask: ours answer STUN where they answer DNS. Thread-safe.</summary>
internal sealed class ZoneStunServers(ZoneLocator zone, TimeProvider time)
{
    /// <summary>Whoever asks knows less without servers, but does not wait for them for long.</summary>
    private static readonly TimeSpan s_searchLimit = TimeSpan.FromSeconds(2);

    /// <summary>The zone whose servers they are.</summary>
    internal DnsName Zone => zone.Domain;

    /// <summary>Finds them; none when the zone cannot be found now.</summary>
    internal async Task<IReadOnlyList<IPEndPoint>> FindAsync(CancellationToken cancellationToken)
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
}
