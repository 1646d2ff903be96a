using System.Net;
using System.Net.Sockets;
using Btmm.Core.Contracts;

namespace Btmm.Core.NatTraversal.Verdicts;

/// <summary>Finds the first three routers on the way to the internet.</summary>
internal sealed class HopSurvey(IHopFinder finder, EvidenceLog evidence)
{
    private const int Count = 3;

    /// <summary>Routers answer at once or not at all, but some answer only so often; a second try comes after the first's time.</summary>
    private static readonly TimeSpan[] s_tries = [TimeSpan.FromMilliseconds(400), TimeSpan.FromMilliseconds(600)];

    /// <summary>Asks for all at the same time.</summary>
    /// <param name="destination">An address on the internet; packets need not get there.</param>
    /// <param name="cancellationToken">Ends it.</param>
    internal async Task<HopFacts> RunAsync(IPAddress destination, CancellationToken cancellationToken)
    {
        HopAnswer?[] answers = await Task.WhenAll(Enumerable.Range(1, Count).Select(hops => FindAsync(destination, hops, cancellationToken))).ConfigureAwait(false);
        return new HopFacts(
            [.. answers.Select(answer => answer is { IsDestination: false } router ? router.Address : null)],
            answers.Any(answer => answer is { IsDestination: true }));
    }

    private async Task<HopAnswer?> FindAsync(IPAddress destination, int hops, CancellationToken cancellationToken)
    {
        long start = evidence.Now;
        try
        {
            foreach (TimeSpan limit in s_tries)
            {
                if (await finder.ProbeAsync(destination, hops, limit, cancellationToken).ConfigureAwait(false) is not { } answer) continue;
                evidence.Add(GatewayStep.Hop, $"hop {hops}", answer.IsDestination ? $"{answer.Address}, the end of the way" : $"{answer.Address}", start);
                return answer;
            }

            evidence.Add(GatewayStep.Hop, $"hop {hops}", "no answer", start);
        }
        catch (OperationCanceledException)
        {
            evidence.Add(GatewayStep.Hop, $"hop {hops}", "no answer in time", start);
        }
        catch (SocketException)
        {
            evidence.Add(GatewayStep.Hop, $"hop {hops}", "cannot be asked for", start);
        }

        return null;
    }
}
