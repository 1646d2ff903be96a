using System.Net;
using System.Net.Sockets;
using Btmm.Core.Contracts;
using Btmm.Protocol;
using Btmm.Protocol.NatTraversal.Stun;

namespace Btmm.Core.NatTraversal.Verdicts;

/// <summary>
/// Asks several STUN servers from one local port, and one that has two addresses for the NAT's behaviour (RFC 5780).
/// </summary>
/// <remarks>
/// The tests of mapping share the port of the first requests. Those of filtering need a port that has sent nothing to the
/// server's other address (§4.4), so they have one of their own, and both run at the same time.
/// </remarks>
internal sealed class StunSurvey(IDatagramChannelFactory channels, IRandomSource random, EvidenceLog evidence)
{
    /// <summary>How long the other servers have once one has answered.</summary>
    private static readonly TimeSpan s_grace = TimeSpan.FromMilliseconds(600);

    private const int DnsPort = 53;

    private static readonly TimeSpan s_shortestInterval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_longestInterval = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan s_slack = TimeSpan.FromMilliseconds(50);

    private readonly List<(IPEndPoint Server, IPEndPoint Mapped)> _seen = [];
    private bool _heard;
    private bool _heardBesideDns;

    /// <summary>Carries the survey out.</summary>
    /// <param name="local">The local address to send from.</param>
    /// <param name="servers">Whom to ask.</param>
    /// <param name="cancellationToken">Ends it with what is known by then.</param>
    internal async Task<StunFacts> RunAsync(IPAddress local, IReadOnlyList<IPEndPoint> servers, CancellationToken cancellationToken)
    {
        if (servers.Count == 0) return StunFacts.None;
        await using StunClient client = Open(local);
        Task<NatFilteringBehaviour>? discovery = null;
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task<(IPEndPoint Server, StunOutcome? Outcome)>[] first = [.. servers.Select(server => AskFirstAsync(client, server, patience.Token))];
        using var grace = new CancellationTokenSource(Timeout.InfiniteTimeSpan, evidence.Time);
        using CancellationTokenRegistration end = grace.Token.Register(patience.Cancel);
        bool isGraceOn = false;
        await foreach (Task<(IPEndPoint Server, StunOutcome? Outcome)> done in Task.WhenEach(first).ConfigureAwait(false))
        {
            (IPEndPoint server, StunOutcome? outcome) = await done.ConfigureAwait(false);
            if (outcome?.Kind != StunOutcomeKind.Answered) continue;
            if (!isGraceOn) grace.CancelAfter(s_grace);
            isGraceOn = true;
            if (NatBehaviourRules.IsOutermost(server, servers) && NatBehaviourRules.IsUsable(server, outcome.Response?.OtherAddress))
                discovery ??= DiscoverAsync(client, local, server, outcome, cancellationToken);
        }

        NatFilteringBehaviour filtering = discovery is null ? NatFilteringBehaviour.Unknown : await EndAsync(discovery).ConfigureAwait(false);
        return Conclude(new IPEndPoint(local, client.LocalEndPoint.Port), filtering) with
        {
            AskedBesideDns = servers.Any(server => server.Port != DnsPort),
            HeardBesideDns = _heardBesideDns,
            IsRefusedHere = !_heard && first.All(asked => asked is { IsCompletedSuccessfully: true, Result.Outcome.Kind: StunOutcomeKind.Unreachable }),
        };
    }

    private static async Task<NatFilteringBehaviour> EndAsync(Task<NatFilteringBehaviour> discovery)
    {
        try
        {
            return await discovery.ConfigureAwait(false);
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException)
        {
            return NatFilteringBehaviour.Unknown;
        }
    }

    private StunClient Open(IPAddress local) => new(channels, new DatagramChannelOptions(new IPEndPoint(local, 0)), random, evidence.Time);

    private async Task<(IPEndPoint Server, StunOutcome? Outcome)> AskFirstAsync(StunClient client, IPEndPoint server, CancellationToken patience)
    {
        long start = evidence.Now;
        try
        {
            StunOutcome outcome = await client.AskAsync(new StunQuery(server), patience).ConfigureAwait(false);
            Note(server, outcome);
            evidence.Add(GatewayStep.Stun, $"{server}", Describe(outcome), start);
            return (server, outcome);
        }
        catch (OperationCanceledException)
        {
            evidence.Add(GatewayStep.Stun, $"{server}", "no answer in time", start);
            return (server, null);
        }
    }

    /// <summary>Tests II and III of mapping, and at the same time those of filtering.</summary>
    private async Task<NatFilteringBehaviour> DiscoverAsync(
        StunClient client, IPAddress local, IPEndPoint server, StunOutcome first, CancellationToken cancellationToken)
    {
        IPEndPoint other = first.Response?.OtherAddress ?? server;
        TimeSpan interval = (first.Elapsed * 2) + s_slack;
        interval = interval < s_shortestInterval ? s_shortestInterval : interval > s_longestInterval ? s_longestInterval : interval;
        long start = evidence.Now;
        Task<(StunOutcomeKind Both, StunOutcomeKind Port)> letIn = AskToBeAnsweredElsewhereAsync(local, server, other, interval, cancellationToken);
        bool isOtherAlive = await CompareAsync(client, [new IPEndPoint(other.Address, server.Port), other], interval, cancellationToken).ConfigureAwait(false);
        (StunOutcomeKind both, StunOutcomeKind port) = await letIn.ConfigureAwait(false);
        NatFilteringBehaviour filtering = NatBehaviourRules.Filtering(both, port, isOtherAlive);
        evidence.Add(GatewayStep.NatFiltering, $"{server} and {other}", Describe(filtering), start);
        return filtering;
    }

    private async Task<(StunOutcomeKind Both, StunOutcomeKind Port)> AskToBeAnsweredElsewhereAsync(
        IPAddress local, IPEndPoint server, IPEndPoint other, TimeSpan interval, CancellationToken cancellationToken)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await using StunClient fresh = Open(local);
        var changed = new StunQuery(server) { Change = StunChange.Address | StunChange.Port, AnswerFrom = other, FirstInterval = interval };
        Task<StunOutcome> both = fresh.AskAsync(changed, over.Token);
        Task<StunOutcome> port = fresh.AskAsync(
            changed with { Change = StunChange.Port, AnswerFrom = new IPEndPoint(server.Address, other.Port) }, over.Token);
        try
        {
            StunOutcomeKind far = (await both.ConfigureAwait(false)).Kind;
            // When the farther one answers, nothing more can be learnt from the nearer one.
            return far == StunOutcomeKind.Answered ? (far, StunOutcomeKind.NoAnswer) : (far, (await port.ConfigureAwait(false)).Kind);
        }
        finally
        {
            await over.CancelAsync().ConfigureAwait(false);
            await ((Task)port).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Asks the server's other address at both ports; whether anything came.</summary>
    private async Task<bool> CompareAsync(StunClient client, IPEndPoint[] others, TimeSpan interval, CancellationToken cancellationToken)
    {
        long start = evidence.Now;
        bool[] answered = await Task.WhenAll(others.Select(AskAsync)).ConfigureAwait(false);
        return answered.Contains(true);

        // Noted as it comes: what one of them saw counts even when no time is left for the other.
        async Task<bool> AskAsync(IPEndPoint other)
        {
            StunOutcome outcome = await client.AskAsync(new StunQuery(other) { FirstInterval = interval }, cancellationToken).ConfigureAwait(false);
            Note(other, outcome);
            evidence.Add(GatewayStep.NatMapping, $"{other}", Describe(outcome), start);
            return outcome.Kind == StunOutcomeKind.Answered;
        }
    }

    private void Note(IPEndPoint server, StunOutcome outcome)
    {
        lock (_seen)
        {
            bool isHeard = outcome.Kind is StunOutcomeKind.Answered or StunOutcomeKind.Refused or StunOutcomeKind.NotStun;
            _heard |= isHeard;
            _heardBesideDns |= isHeard && server.Port != DnsPort;
            if (outcome.Response?.MappedAddress is { AddressFamily: AddressFamily.InterNetwork } mapped) _seen.Add((server, mapped));
        }
    }

    private StunFacts Conclude(IPEndPoint local, NatFilteringBehaviour filtering)
    {
        IReadOnlyList<(IPEndPoint Server, IPEndPoint Mapped)> seen = NatBehaviourRules.Outermost(_seen);
        NatMappingBehaviour mapping = NatBehaviourRules.Mapping(local, seen);
        IPEndPoint? mapped = seen.Count == 0 ? null : seen[0].Mapped;
        bool? preserves = mapped is null || mapping == NatMappingBehaviour.NoNat ? null : mapped.Port == local.Port;
        return new StunFacts { Local = local, Mapped = mapped, HeardAnything = _heard, Behaviour = new NatBehaviour(mapping, filtering, preserves) };
    }

    private static string Describe(StunOutcome outcome) => outcome.Kind switch
    {
        StunOutcomeKind.Answered => $"sees this host as {outcome.Response?.MappedAddress}",
        StunOutcomeKind.Refused => $"answered with error {outcome.Response?.Error}",
        StunOutcomeKind.NotStun => "answers, but not in STUN",
        StunOutcomeKind.Unreachable => "unreachable",
        _ => $"no answer to {outcome.Tries} requests",
    };

    private static string Describe(NatFilteringBehaviour filtering) => filtering switch
    {
        NatFilteringBehaviour.EndpointIndependent => "answers come in from any address",
        NatFilteringBehaviour.AddressDependent => "answers come in from addresses that were sent to only",
        NatFilteringBehaviour.AddressAndPortDependent => "answers come in from addresses and ports that were sent to only",
        _ => "it cannot be told who is let in",
    };
}
