using System.Net;
using Btmm.Protocol.NatTraversal;
using Btmm.Protocol.NatTraversal.Stun;

namespace Btmm.Core.NatTraversal.Verdicts;

/// <summary>Concludes from answers of STUN servers how a NAT behaves (RFC 5780 §4.3, §4.4). Pure.</summary>
internal static class NatBehaviourRules
{
    /// <summary>
    /// What the outermost servers saw: one inside this network, or between two NATs, looks through fewer of them than the others and
    /// cannot be compared with those. Without any on the internet, all count.
    /// </summary>
    internal static IReadOnlyList<(IPEndPoint Server, IPEndPoint Mapped)> Outermost(IReadOnlyList<(IPEndPoint Server, IPEndPoint Mapped)> seen)
    {
        (IPEndPoint Server, IPEndPoint Mapped)[] outside = [.. seen.Where(one => ExternalAddress.IsPublic(one.Mapped.Address))];
        return outside.Length > 0 ? outside : seen;
    }

    /// <summary>How one local port looked from several servers' addresses and ports; what they saw, each once.</summary>
    /// <param name="local">The local address and port.</param>
    /// <param name="seen">Who saw it as what.</param>
    internal static NatMappingBehaviour Mapping(IPEndPoint local, IReadOnlyCollection<(IPEndPoint Server, IPEndPoint Mapped)> seen)
    {
        if (seen.Count == 0) return NatMappingBehaviour.Unknown;
        if (seen.All(one => one.Mapped.Equals(local))) return NatMappingBehaviour.NoNat;
        if (seen.GroupBy(one => one.Server.Address).Any(HasSeveral)) return NatMappingBehaviour.AddressAndPortDependent;
        if (HasSeveral(seen)) return NatMappingBehaviour.AddressDependent;
        bool isCompared = seen.Select(one => one.Server.Address).Distinct().Count() > 1;
        return isCompared ? NatMappingBehaviour.EndpointIndependent : NatMappingBehaviour.Unknown;
    }

    /// <summary>Who is let in.</summary>
    /// <param name="both">The answer that was asked for from the other address and port.</param>
    /// <param name="port">The answer that was asked for from the other port.</param>
    /// <param name="isOtherAlive">Whether the other address answers when it is asked itself.</param>
    internal static NatFilteringBehaviour Filtering(StunOutcomeKind both, StunOutcomeKind port, bool isOtherAlive)
    {
        if (both == StunOutcomeKind.Answered) return NatFilteringBehaviour.EndpointIndependent;
        if (both != StunOutcomeKind.NoAnswer || !isOtherAlive) return NatFilteringBehaviour.Unknown;
        return port switch
        {
            StunOutcomeKind.Answered => NatFilteringBehaviour.AddressDependent,
            StunOutcomeKind.NoAnswer => NatFilteringBehaviour.AddressAndPortDependent,
            _ => NatFilteringBehaviour.Unknown,
        };
    }

    /// <summary>Whether a server may stand as far outside as any of those that are asked; one with a private address does not.</summary>
    internal static bool IsOutermost(IPEndPoint server, IEnumerable<IPEndPoint> asked) =>
        ExternalAddress.IsPublic(server.Address) || !asked.Any(other => ExternalAddress.IsPublic(other.Address));

    /// <summary>
    /// Whether a server's other address may be asked: the server says what it is, and must not be able to send us anywhere.
    /// </summary>
    internal static bool IsUsable(IPEndPoint server, IPEndPoint? other) => other is not null
        && other.AddressFamily == server.AddressFamily && other.Port is > 0 && other.Port != server.Port && !other.Address.Equals(server.Address)
        && ExternalAddress.Classify(other.Address) == ExternalAddress.Classify(server.Address);

    private static bool HasSeveral(IEnumerable<(IPEndPoint Server, IPEndPoint Mapped)> seen) => seen.Select(one => one.Mapped).Distinct().Count() > 1;
}
