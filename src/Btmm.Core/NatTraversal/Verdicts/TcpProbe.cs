using System.Net;
using System.Net.Sockets;
using Btmm.Core.Contracts;

namespace Btmm.Core.NatTraversal.Verdicts;

/// <summary>
/// Finds out whether TCP reaches a server, by a connection that says nothing. A refused one is no proof: a filter refuses just
/// the same. The port of HTTP is left out: proxies answer there for everybody.
/// </summary>
internal sealed class TcpProbe(IStreamDialer streams, EvidenceLog evidence)
{
    private const int HttpsPort = 443;
    private const int MaxConnections = 6;
    private static readonly TimeSpan s_limit = TimeSpan.FromMilliseconds(1500);

    /// <summary>Tries the servers' own ports and that of HTTPS until a connection to one of the former succeeds.</summary>
    /// <returns>Whether any did, and whether only to HTTPS.</returns>
    internal async Task<(bool? Passes, bool IsHttpsOnly)> RunAsync(IReadOnlyList<IPEndPoint> servers, CancellationToken cancellationToken)
    {
        using var timer = new CancellationTokenSource(s_limit, evidence.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token);
        IEnumerable<IPEndPoint> ways = servers.SelectMany(server => new[] { server, new IPEndPoint(server.Address, HttpsPort) }).Distinct().Take(MaxConnections);
        bool passes = false;
        bool isHttpsOnly = true;
        await foreach (Task<IPEndPoint?> done in Task.WhenEach(ways.Select(way => TryAsync(way, either.Token))).ConfigureAwait(false))
        {
            if (await done.ConfigureAwait(false) is not { } way) continue;
            passes = true;
            if (!servers.Contains(way)) continue;
            isHttpsOnly = false;
            await either.CancelAsync().ConfigureAwait(false);
        }

        return (passes, passes && isHttpsOnly);
    }

    /// <summary>Tries one. Returns it when the connection succeeded.</summary>
    private async Task<IPEndPoint?> TryAsync(IPEndPoint remote, CancellationToken cancellationToken)
    {
        long start = evidence.Now;
        string answered;
        try
        {
            Stream stream = await streams.ConnectAsync(remote, cancellationToken).ConfigureAwait(false);
            await stream.DisposeAsync().ConfigureAwait(false);
            evidence.Add(GatewayStep.Tcp, $"{remote}", "connected", start);
            return remote;
        }
        catch (OperationCanceledException)
        {
            answered = "no answer";
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            answered = e is SocketException { SocketErrorCode: SocketError.ConnectionRefused } ? "refused" : "unreachable";
        }

        evidence.Add(GatewayStep.Tcp, $"{remote}", answered, start);
        return null;
    }
}
