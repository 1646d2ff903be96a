using System.Net;
using System.Net.Sockets;
using Btmm.Core.Contracts;
using Btmm.Core.Dns.Tls;
using Btmm.Protocol.NatTraversal;

namespace Btmm.Core.NatTraversal.Verdicts;

/// <summary>One examination: starts all steps, waits for those that matter, and gathers the facts. Used once.</summary>
internal sealed class Examination
{
    private const int MaxStunServers = 4;
    private const int MaxZoneServers = 2;
    private const int DnsPort = 53;

    /// <summary>
    /// How long the look for a sign-in page lasts at least when all else is well: who intercepts is near and answers at once, and
    /// the address that nobody has answers never.
    /// </summary>
    private static readonly TimeSpan s_portalTime = TimeSpan.FromMilliseconds(500);

    private readonly GatewayExaminerParts _parts;
    private readonly GatewayExaminerOptions _options;
    private readonly EvidenceLog _evidence;
    private readonly IReadOnlyList<IPEndPoint> _zoneServers;
    private readonly IReadOnlyList<IPEndPoint> _servers;
    private readonly IReadOnlyList<IPEndPoint> _streamServers;
    private readonly bool _asksDns;

    internal Examination(GatewayExaminerParts parts, GatewayExaminerOptions options, EvidenceLog evidence)
    {
        _parts = parts;
        _options = options;
        _evidence = evidence;
        // Nothing is asked in clear about a zone whose servers are spoken to by TLS.
        _zoneServers = [.. options.ZoneServers.Where(IsIpv4).Distinct().Take(MaxZoneServers)];
        _asksDns = options.Zone is not null && _zoneServers.Any(server => server is not TlsEndPoint);
        IEnumerable<IPEndPoint> all = options.StunServers.Where(IsIpv4).Take(MaxStunServers).Concat(_zoneServers);
        _streamServers = [.. all.Distinct()];
        _servers = [.. all.Select(StunAddressFinder.Asked).Distinct()];
    }

    /// <summary>Runs all steps, and ends when all have ended. Never throws for what the network does.</summary>
    internal async Task<GatewayFacts> RunAsync(CancellationToken cancellationToken)
    {
        long start = _evidence.Now;
        GatewayRoute? route = FindRoute(() => _parts.Gateways.FindDefault(), "no default route");
        if (route is null) return new GatewayFacts { RouteV6 = FindRoute(() => _parts.Gateways.FindDefaultV6(), "none of IPv6 either") };
        using var calm = new CancellationTokenSource(Timeout.InfiniteTimeSpan, _evidence.Time);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var rest = CancellationTokenSource.CreateLinkedTokenSource(over.Token, calm.Token);
        Steps steps = Start(route, over.Token, rest.Token);
        try
        {
            return await GatherAsync(route, steps, calm, start, over.Token).ConfigureAwait(false);
        }
        finally
        {
            // A step that fails as it should not ends the others: a mapping is given back before anything is told.
            await over.CancelAsync().ConfigureAwait(false);
            await steps.WhenAll.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private GatewayRoute? FindRoute(Func<GatewayRoute?> find, string none)
    {
        long start = _evidence.Now;
        GatewayRoute? route = find();
        _evidence.Add(GatewayStep.Route, "this host", route is null ? none : $"gateway {route.Gateway} by {route.InterfaceName}, own address {route.LocalAddress}", start);
        return route;
    }

    /// <summary>Starts all steps; those that all is well without end with the second token.</summary>
    private Steps Start(GatewayRoute route, CancellationToken cancellationToken, CancellationToken rest)
    {
        bool tries = TriesMapping(route);
        return new Steps(
            IsKnown(_options.KnownMapping)
                ? Task.FromResult(GatewayReplies.None)
                : GuardAsync(GatewayStep.Gateway, new GatewaySurvey(_parts, _evidence).RunAsync(route, tries, cancellationToken), GatewayReplies.None),
            FindHopsAsync(cancellationToken),
            FindPortalAsync(rest),
            TryTcpAsync(rest),
            GuardAsync(
                GatewayStep.Stun, new StunSurvey(_parts.Channels, _parts.Random, _evidence).RunAsync(route.LocalAddress, _servers, cancellationToken), StunFacts.None),
            AskDnsAsync(cancellationToken));
    }

    private async Task<GatewayFacts> GatherAsync(
        GatewayRoute route, Steps steps, CancellationTokenSource calm, long start, CancellationToken cancellationToken)
    {
        (bool isDnsHeard, PortalFacts lie) = await steps.Dns.ConfigureAwait(false);
        StunFacts stun = await steps.Stun.ConfigureAwait(false);
        bool isHeard = stun.HeardAnything || isDnsHeard;
        bool isDnsOnly = isHeard && stun is { AskedBesideDns: true, HeardBesideDns: false }
            && !(isDnsHeard && _zoneServers.Any(server => server.Port != DnsPort && server is not TlsEndPoint));
        GatewayFacts facts = await AskGatewaysAsync(route, steps, cancellationToken).ConfigureAwait(false);
        if (isHeard && !isDnsOnly) await EndWhenAllIsWellAsync(calm, start).ConfigureAwait(false);
        (bool? passes, bool isHttpsOnly) = await steps.Tcp.ConfigureAwait(false);
        PortalFacts page = await steps.Portal.ConfigureAwait(false);
        return facts with
        {
            Stun = stun,
            Port = _options.Port,
            UdpAsked = _asksDns || _options.StunServers.Any(IsIpv4),
            UdpHeard = isHeard,
            HeardDnsOnly = isDnsOnly,
            TcpPasses = passes,
            TcpPassesByHttpsOnly = isHttpsOnly,
            Portal = page.Sign >= lie.Sign ? page : lie,
        };
    }

    /// <summary>Whether a mapping is tried: who has a public address needs none, and asks nobody out there for one.</summary>
    private bool TriesMapping(GatewayRoute route)
    {
        if (!_options.TryMapping || _options.KnownMapping is not null) return false;
        if (!ExternalAddress.IsPublic(route.LocalAddress)) return true;
        _evidence.Add(GatewayStep.Mapping, "this host", "needs no mapping: its own address is public", _evidence.Now);
        return false;
    }

    /// <summary>Whether all that a gateway could say is known: it maps, and at which address.</summary>
    private bool IsKnown(MappingTrial? known)
    {
        if (known is not { Works: true, ExternalAddress: { } external }) return false;
        _evidence.Add(GatewayStep.Mapping, "this host", $"holds a mapping of UDP port {known.ExternalPort} at {external}", _evidence.Now);
        return true;
    }

    private static bool IsIpv4(IPEndPoint endpoint) => endpoint.AddressFamily == AddressFamily.InterNetwork;

    private async Task<GatewayFacts> AskGatewaysAsync(GatewayRoute route, Steps steps, CancellationToken cancellationToken)
    {
        HopFacts hops = await steps.Hops.ConfigureAwait(false);
        GatewayAnswer? outer = await AskOuterAsync(route, hops.Routers, cancellationToken).ConfigureAwait(false);
        GatewayReplies told = await steps.Replies.ConfigureAwait(false);
        return new GatewayFacts
        {
            Route = route,
            Answers = told.Answers,
            Failures = told.Failures,
            Trials = _options.KnownMapping is { } known ? [known] : told.Trials,
            Hops = hops.Routers,
            ReachesDestination = hops.ReachesDestination,
            OuterAnswer = outer,
        };
    }

    /// <summary>A private address behind the gateway may be a second gateway of the same home, which says so when asked.</summary>
    private async Task<GatewayAnswer?> AskOuterAsync(GatewayRoute route, IReadOnlyList<IPAddress?> hops, CancellationToken cancellationToken)
    {
        if (hops.ElementAtOrDefault(1) is not { } second || second.Equals(route.Gateway)) return null;
        if (ExternalAddress.Classify(second) != ExternalAddressKind.Private) return null;
        Task<GatewayAnswer?> asked = new GatewaySurvey(_parts, _evidence).AskOuterAsync(route with { Gateway = second }, cancellationToken);
        return await GuardAsync(GatewayStep.Gateway, asked, null).ConfigureAwait(false);
    }

    private async Task<HopFacts> FindHopsAsync(CancellationToken cancellationToken)
    {
        if (_parts.Hops is not { } finder) return HopFacts.None;
        IPAddress destination = _servers.Select(server => server.Address).FirstOrDefault(ExternalAddress.IsPublic) ?? PortalProbe.Nobody;
        return await GuardAsync(GatewayStep.Hop, new HopSurvey(finder, _evidence).RunAsync(destination, cancellationToken), HopFacts.None).ConfigureAwait(false);
    }

    private async Task<PortalFacts> FindPortalAsync(CancellationToken cancellationToken)
    {
        var probe = new PortalProbe(_parts.Streams, _evidence);
        List<Task<PortalFacts>> looks = [probe.AskNobodyAsync(cancellationToken)];
        if (_servers.Count > 0) looks.Add(probe.AskServerAsync(_servers[0].Address, cancellationToken));
        if (_options.PortalProbe is { } url) looks.Add(probe.AskUrlAsync(url, _parts.ResolveHost, cancellationToken));
        PortalFacts[] found = await GuardAsync(GatewayStep.Portal, Task.WhenAll(looks), []).ConfigureAwait(false);
        return found.MaxBy(facts => facts.Sign) ?? PortalFacts.None;
    }

    private async Task<(bool? Passes, bool IsHttpsOnly)> TryTcpAsync(CancellationToken cancellationToken)
    {
        if (_servers.Count == 0) return (null, false);
        return await GuardAsync(GatewayStep.Tcp, new TcpProbe(_parts.Streams, _evidence).RunAsync(_streamServers, cancellationToken), (false, false)).ConfigureAwait(false);
    }

    private async Task<(bool Heard, PortalFacts Portal)> AskDnsAsync(CancellationToken cancellationToken)
    {
        if (!_asksDns || _options.Zone is not { } zone) return (false, PortalFacts.None);
        IPEndPoint[] clear = [.. _zoneServers.Where(server => server is not TlsEndPoint)];
        return await GuardAsync(
            GatewayStep.Dns, new DnsProbe(_parts, _evidence).RunAsync(clear, zone, cancellationToken), (false, PortalFacts.None)).ConfigureAwait(false);
    }

    /// <summary>UDP passes: whether TCP does is of no interest any more, and a sign-in page would have shown by now.</summary>
    private async Task EndWhenAllIsWellAsync(CancellationTokenSource calm, long start)
    {
        TimeSpan left = s_portalTime - _evidence.Time.GetElapsedTime(start);
        if (left > TimeSpan.Zero) calm.CancelAfter(left);
        else await calm.CancelAsync().ConfigureAwait(false);
    }

    /// <summary>A step that this host's own system hinders brings nothing.</summary>
    private async Task<T> GuardAsync<T>(GatewayStep step, Task<T> task, T nothing)
    {
        long start = _evidence.Now;
        try
        {
            return await task.ConfigureAwait(false);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            _evidence.Add(step, "this host", e is SocketException ? e.Message : "no time left", start);
            return nothing;
        }
    }

    /// <summary>What goes on at the same time.</summary>
    private sealed record Steps(
        Task<GatewayReplies> Replies,
        Task<HopFacts> Hops,
        Task<PortalFacts> Portal,
        Task<(bool? Passes, bool IsHttpsOnly)> Tcp,
        Task<StunFacts> Stun,
        Task<(bool Heard, PortalFacts Portal)> Dns)
    {
        internal Task WhenAll => Task.WhenAll(Replies, Hops, Portal, Tcp, Stun, Dns);
    }
}
