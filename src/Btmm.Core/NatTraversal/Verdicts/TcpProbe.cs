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

    /// <summary>Tries the servers' own ports and that of HTTPS until one connection succeeds.</summary>
    internal async Task<bool> RunAsync(IReadOnlyList<IPEndPoint> servers, CancellationToken cancellationToken)
    {
        using var timer = new CancellationTokenSource(s_limit, evidence.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token);
        IEnumerable<IPEndPoint> ways = servers.SelectMany(server => new[] { server, new IPEndPoint(server.Address, HttpsPort) }).Distinct().Take(MaxConnections);
        bool passes = false;
        await foreach (Task<bool> done in Task.WhenEach(ways.Select(way => TryAsync(way, either.Token))).ConfigureAwait(false))
        {
            if (!await done.ConfigureAwait(false)) continue;
            passes = true;
            await either.CancelAsync().ConfigureAwait(false);
        }

        return passes;
    }

    private async Task<bool> TryAsync(IPEndPoint remote, CancellationToken cancellationToken)
    {
        long start = evidence.Now;
        string answered;
        try
        {
            Stream stream = await streams.ConnectAsync(remote, cancellationToken).ConfigureAwait(false);
            await stream.DisposeAsync().ConfigureAwait(false);
            evidence.Add(GatewayStep.Tcp, $"{remote}", "connected", start);
            return true;
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
        return false;
    }
}
