using System.Net;
using Btmm.Core.Diagnostics;
using Btmm.Core.Dns;
using Btmm.Core.NatTraversal;
using Btmm.Core.NatTraversal.Verdicts;

namespace Btmm.Core.Node;

/// <summary>An examination with what a node has: its zone's servers for STUN, and its keeper's knowledge instead of a trial. Thread-safe.</summary>
internal sealed class NodeExaminer(GatewayExaminer examiner, ZoneLocator zone, IMappingMemory memory, TimeProvider time)
{
    /// <summary>Without servers an examination tells less, but it does not wait for them for long.</summary>
    private static readonly TimeSpan s_searchLimit = TimeSpan.FromSeconds(2);

    internal async Task<GatewayVerdict> ExamineAsync(EndpointState state, CancellationToken cancellationToken)
    {
        var options = new GatewayExaminerOptions
        {
            ZoneServers = await FindServersAsync(cancellationToken).ConfigureAwait(false),
            Zone = zone.Domain,
            TryMapping = false,
            KnownMapping = KnownMapping(state, memory),
        };
        return await examiner.ExamineAsync(options, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>What the keeper's state tells about the gateway's mappings; null for nothing.</summary>
    internal static MappingTrial? KnownMapping(EndpointState state, IMappingMemory memory)
    {
        PortMappingMethod? method = state.Gateway is { } gateway ? memory.MethodFor(gateway) : null;
        if (state.Phase == EndpointPhase.Unavailable)
        {
            return state.Reason is null or BtmmErrorReason.NoGateway
                ? null
                : new MappingTrial { Method = method, Refusal = state.Reason, ExternalAddress = state.ExternalAddress };
        }

        EndpointCandidate? mapped = state.Candidates.FirstOrDefault(candidate => candidate.Kind == EndpointCandidateKind.Mapped);
        return mapped is null
            ? null
            : new MappingTrial { Method = method, ExternalPort = mapped.Port, ExternalAddress = state.ExternalAddress ?? mapped.Address };
    }

    private async Task<IReadOnlyList<IPEndPoint>> FindServersAsync(CancellationToken cancellationToken)
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
