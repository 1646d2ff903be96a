using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;

namespace Btmm.Core.NatTraversal.Verdicts;

/// <summary>
/// Asks one gateway in all port-mapping protocols at the same time, and, if wanted, for a mapping by the best that answered, which
/// it gives back in any case.
/// </summary>
internal sealed class GatewaySurvey(GatewayExaminerParts parts, EvidenceLog evidence)
{
    /// <summary>Best first: PCP tells most and has nonces, NAT-PMP is as quick, UPnP takes several connections.</summary>
    private static readonly PortMappingMethod[] s_preference = [PortMappingMethod.Pcp, PortMappingMethod.NatPmp, PortMappingMethod.Igd];

    /// <summary>How long the other protocols have once one has answered.</summary>
    private static readonly TimeSpan s_grace = TimeSpan.FromMilliseconds(500);

    /// <summary>How long all have: UPnP devices may take a second to answer a search, and more to tell what they are.</summary>
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(2.5);

    private readonly Lock _gate = new();
    private readonly Dictionary<PortMappingMethod, GatewayAnswer> _answers = [];
    private readonly Dictionary<PortMappingMethod, BtmmErrorReason> _failures = [];

    /// <summary>Asks.</summary>
    /// <param name="route">The gateway.</param>
    /// <param name="tryMapping">Whether to ask for a mapping as well.</param>
    /// <param name="cancellationToken">Ends it with what is known by then; a mapping is given back all the same.</param>
    internal async Task<GatewayReplies> RunAsync(GatewayRoute route, bool tryMapping, CancellationToken cancellationToken)
    {
        var mappers = new Dictionary<PortMappingMethod, IPortMapper>();
        try
        {
            foreach (PortMappingMethod method in s_preference)
            {
                if (parts.OpenMapper(method, route) is { } mapper) mappers.Add(method, mapper);
            }

            await AskAllAsync(mappers, route, cancellationToken).ConfigureAwait(false);
            IReadOnlyList<MappingTrial> trials = [];
            var ways = s_preference.Where(_answers.ContainsKey).Select(method => (method, mappers[method])).ToList();
            if (tryMapping && ways.Count > 0)
                trials = await new TrialMapping(parts, evidence).RunAsync(route, ways, cancellationToken).ConfigureAwait(false);
            return new GatewayReplies([.. s_preference.Where(_answers.ContainsKey).Select(method => _answers[method])], [.. _failures.Values], trials);
        }
        finally
        {
            foreach (IPortMapper mapper in mappers.Values) await mapper.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Asks a router that is not this network's gateway whether it is one of a home, which speaks NAT-PMP.</summary>
    internal async Task<GatewayAnswer?> AskOuterAsync(GatewayRoute route, CancellationToken cancellationToken)
    {
        if (parts.OpenMapper(PortMappingMethod.NatPmp, route) is not { } mapper) return null;
        await using (mapper.ConfigureAwait(false))
        {
            using var timer = new CancellationTokenSource(s_grace, evidence.Time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token);
            await AskAsync(PortMappingMethod.NatPmp, mapper, route, either.Token).ConfigureAwait(false);
        }

        lock (_gate) return _answers.GetValueOrDefault(PortMappingMethod.NatPmp);
    }

    private async Task AskAllAsync(Dictionary<PortMappingMethod, IPortMapper> mappers, GatewayRoute route, CancellationToken cancellationToken)
    {
        using var timer = new CancellationTokenSource(s_limit, evidence.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token);
        await foreach (Task<bool> done in Task.WhenEach(mappers.Select(pair => AskAsync(pair.Key, pair.Value, route, either.Token))).ConfigureAwait(false))
        {
            if (await done.ConfigureAwait(false)) timer.CancelAfter(s_grace);
        }
    }

    /// <summary>Asks in one protocol. Returns whether it was answered, so that the others need not be waited for long.</summary>
    private async Task<bool> AskAsync(PortMappingMethod method, IPortMapper mapper, GatewayRoute route, CancellationToken cancellationToken)
    {
        long start = evidence.Now;
        string who = $"{route.Gateway} {PortMappingNames.Of(method)}";
        try
        {
            GatewayAnswer answer = await mapper.QueryAsync(ExchangeEffort.Brief, cancellationToken).ConfigureAwait(false);
            lock (_gate) _answers[method] = answer;
            evidence.Add(GatewayStep.Gateway, who, answer.ExternalAddress is { } external ? $"its external address is {external}" : "it is there", start);
            return true;
        }
        catch (BtmmException e)
        {
            lock (_gate) _failures[method] = e.Reason;
            evidence.Add(GatewayStep.Gateway, who, e.Message, start);
            return false; // What one protocol is refused, a slower one may be granted.
        }
        catch (OperationCanceledException)
        {
            lock (_gate) _failures[method] = BtmmErrorReason.Timeout;
            evidence.Add(GatewayStep.Gateway, who, "no answer in time", start);
            return false;
        }
    }
}
