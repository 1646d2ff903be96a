using System.Net;
using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal;
using Btmm.Core.NatTraversal.Verdicts;

namespace Btmm.Core.Node;

/// <summary>An examination with what a node has: its servers for STUN, and its keeper's knowledge instead of a trial. Thread-safe.</summary>
internal sealed class NodeExaminer(GatewayExaminer examiner, NodeStunServers servers, IMappingMemory memory)
{
    internal async Task<GatewayVerdict> ExamineAsync(EndpointState state, CancellationToken cancellationToken)
    {
        Task<(IReadOnlyList<IPEndPoint> Found, IReadOnlyList<GatewayEvidence> Missed)> byName = servers.FindNamedAsync(cancellationToken);
        IReadOnlyList<IPEndPoint> zoneServers = await servers.FindZoneServersAsync(cancellationToken).ConfigureAwait(false);
        (IReadOnlyList<IPEndPoint> named, IReadOnlyList<GatewayEvidence> missed) = await byName.ConfigureAwait(false);
        var options = new GatewayExaminerOptions
        {
            StunServers = named,
            ZoneServers = zoneServers,
            Zone = servers.Zone,
            TryMapping = false,
            KnownMapping = KnownMapping(state, memory),
            Port = state.Candidates.FirstOrDefault(candidate => candidate.Kind == EndpointCandidateKind.DirectPublic)?.Port,
        };
        GatewayVerdict verdict = await examiner.ExamineAsync(options, cancellationToken).ConfigureAwait(false);
        return verdict with { Evidence = [.. missed, .. verdict.Evidence] };
    }

    /// <summary>What the keeper's state tells about the gateway's mappings; null for nothing.</summary>
    internal static MappingTrial? KnownMapping(EndpointState state, IMappingMemory memory)
    {
        if (state.Phase == EndpointPhase.Unavailable)
        {
            return state.Reason is { } reason && GatewayJudge.IsAboutGateway(reason)
                ? new MappingTrial { Method = MethodFor(state.Gateway, memory), Refusal = reason, ExternalAddress = state.ExternalAddress }
                : null;
        }

        EndpointCandidate? mapped = state.Candidates.FirstOrDefault(candidate => candidate.Kind == EndpointCandidateKind.Mapped);
        return mapped is null
            ? null
            : new MappingTrial { Method = MethodFor(state.Gateway, memory), ExternalPort = mapped.Port, ExternalAddress = state.ExternalAddress ?? mapped.Address };
    }

    private static PortMappingMethod? MethodFor(IPAddress? gateway, IMappingMemory memory)
    {
        try
        {
            return gateway is null ? null : memory.MethodFor(new GatewayIdentity(gateway));
        }
        catch (BtmmException)
        {
            return null; // The verdict says a word less; the keeper tells of a memory that cannot be read.
        }
    }
}
