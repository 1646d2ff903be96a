using System.Net;
using System.Net.Sockets;
using Btmm.Core.Diagnostics;
using Btmm.Core.Dns;

namespace Btmm.PowerShell.Infrastructure;

/// <summary>Finds the addresses of servers that an examination asks; one that cannot be found is said and left out.</summary>
/// <param name="limit">How long the search for each may take: on a broken network names are not to be had.</param>
/// <param name="tell">Is told what is left out, on any thread.</param>
internal sealed class ExaminedServers(TimeSpan limit, Action<string> tell)
{
    /// <summary>The port of STUN (RFC 8489 §18.6).</summary>
    public const int StunPort = 3478;

    /// <summary>The IPv4 addresses of servers by their names.</summary>
    public async Task<IReadOnlyList<IPEndPoint>> ResolveAsync(IEnumerable<HostPort> servers, int defaultPort, CancellationToken cancellationToken)
    {
        IReadOnlyList<IPEndPoint>[] found = await Task.WhenAll(servers.Select(server => TryAsync(
            $"The server {server}", token => server.ResolveAsync(defaultPort, token), cancellationToken))).ConfigureAwait(false);
        return [.. found.SelectMany(f => f).Distinct()];
    }

    /// <summary>The IPv4 addresses of a zone's own servers, found by its records.</summary>
    public async Task<IReadOnlyList<IPEndPoint>> FindAsync(ZoneAccess zone, CancellationToken cancellationToken)
    {
        // Those of TLS stay such: nothing is asked of them in clear but STUN.
        IReadOnlyList<IPEndPoint> found = await TryAsync(
            $"The zone service of {zone.Domain}",
            async token =>
            {
                ZoneServers servers = await zone.FindServersAsync(token).ConfigureAwait(false);
                return servers.Primary;
            },
            cancellationToken).ConfigureAwait(false);
        return [.. found.Distinct()];
    }

    private async Task<IReadOnlyList<IPEndPoint>> TryAsync(
        string what, Func<CancellationToken, Task<IReadOnlyList<IPEndPoint>>> find, CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        either.CancelAfter(limit);
        try
        {
            IReadOnlyList<IPEndPoint> all = await find(either.Token).ConfigureAwait(false);
            IReadOnlyList<IPEndPoint> some = [.. all.Where(e => e.AddressFamily == AddressFamily.InterNetwork)];
            if (some.Count == 0) tell($"{what} has no IPv4 address; it is not asked.");
            return some;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            tell($"{what} was not found within the time; it is not asked.");
        }
        catch (Exception e) when (e is SocketException or BtmmException)
        {
            tell($"{what} was not found; it is not asked: {e.Message}");
        }
        return [];
    }
}
