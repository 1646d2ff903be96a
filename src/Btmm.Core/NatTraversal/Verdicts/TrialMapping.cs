using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;

namespace Btmm.Core.NatTraversal.Verdicts;

/// <summary>Maps a random free UDP port for a moment and gives the mapping back, whatever happens.</summary>
internal sealed class TrialMapping(GatewayExaminerParts parts, EvidenceLog evidence)
{
    /// <summary>What a mapping that could not be given back lasts.</summary>
    private static readonly TimeSpan s_lifetime = TimeSpan.FromMinutes(2);

    /// <summary>A gateway that denies may try every port first.</summary>
    private static readonly TimeSpan s_mapLimit = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan s_releaseLimit = TimeSpan.FromSeconds(2);

    /// <summary>Tries one protocol after the other until one maps.</summary>
    /// <param name="route">The gateway.</param>
    /// <param name="ways">The protocols that answered, best first.</param>
    /// <param name="cancellationToken">Ends it; what was mapped is given back all the same.</param>
    /// <returns>The trials in their order; the last works if any does. None where this host itself is what hinders them.</returns>
    internal async Task<IReadOnlyList<MappingTrial>> RunAsync(
        GatewayRoute route, IReadOnlyList<(PortMappingMethod Method, IPortMapper Mapper)> ways, CancellationToken cancellationToken)
    {
        // The port is held meanwhile, so that the mapping leads to nobody else.
        if (TryHold(route.LocalAddress) is not { } held) return [];
        await using ConfiguredAsyncDisposable end = held.ConfigureAwait(false);
        var request = new PortMappingRequest(PortMappingProtocol.Udp, held.LocalEndPoint.Port, held.LocalEndPoint.Port, s_lifetime);
        List<MappingTrial> trials = [];
        foreach ((PortMappingMethod method, IPortMapper mapper) in ways)
        {
            if (cancellationToken.IsCancellationRequested) break;
            if (await TryAsync(route, method, mapper, request, cancellationToken).ConfigureAwait(false) is not { } trial) continue;
            trials.Add(trial);
            if (trial.Works) break;
        }

        return trials;
    }

    private IDatagramChannel? TryHold(IPAddress local)
    {
        long start = evidence.Now;
        try
        {
            return parts.Channels.Open(new DatagramChannelOptions(new IPEndPoint(local, 0)));
        }
        catch (SocketException e)
        {
            evidence.Add(GatewayStep.Mapping, "this host", e.Message, start);
            return null;
        }
    }

    /// <summary>Tries one protocol; null when nothing was learnt about the gateway.</summary>
    private async Task<MappingTrial?> TryAsync(
        GatewayRoute route, PortMappingMethod method, IPortMapper mapper, PortMappingRequest request, CancellationToken cancellationToken)
    {
        long start = evidence.Now;
        string who = $"{route.Gateway} {PortMappingNames.Of(method)}";
        var mapping = new PortMapping(
            method, route.Gateway, request.Protocol, request.InternalPort, 0, TimeSpan.Zero, parts.Time.GetUtcNow());
        bool mayExist = true;
        using var timer = new CancellationTokenSource(s_mapLimit, parts.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token);
        try
        {
            mapping = await mapper.MapAsync(request, ExchangeEffort.Brief, either.Token).ConfigureAwait(false);
            evidence.Add(GatewayStep.Mapping, who, $"maps UDP port {mapping.ExternalPort} to {route.LocalAddress}:{mapping.InternalPort}", start);
            return new MappingTrial { Method = method, ExternalPort = mapping.ExternalPort, ExternalAddress = mapping.ExternalAddress };
        }
        catch (BtmmException e)
        {
            mayExist = !PortMappingErrors.MadeNothing(e);
            evidence.Add(GatewayStep.Mapping, who, e.Message, start);
            return GatewayJudge.IsAboutGateway(e.Reason) ? new MappingTrial { Method = method, Refusal = e.Reason } : null;
        }
        catch (OperationCanceledException)
        {
            evidence.Add(GatewayStep.Mapping, who, "no answer in time", start);
            return new MappingTrial { Method = method, Refusal = BtmmErrorReason.Timeout };
        }
        finally
        {
            if (mayExist) await ReleaseAsync(mapper, mapping, who).ConfigureAwait(false);
        }
    }

    private async Task ReleaseAsync(IPortMapper mapper, PortMapping mapping, string who)
    {
        long start = evidence.Now;
        using var limit = new CancellationTokenSource(s_releaseLimit, parts.Time);
        try
        {
            await mapper.DeleteAsync(mapping, ExchangeEffort.Brief, limit.Token).ConfigureAwait(false);
            evidence.Add(GatewayStep.Mapping, who, "gave the mapping back", start);
        }
        catch (Exception e) when (e is BtmmException or OperationCanceledException)
        {
            string end = mapping.IsPermanent ? "which must be removed in its settings" : "which ends by itself";
            evidence.Add(GatewayStep.Mapping, who, $"did not confirm the end of the mapping, {end}", start);
        }
    }
}
