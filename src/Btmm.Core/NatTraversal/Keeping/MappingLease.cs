using Btmm.Protocol;
using Btmm.Protocol.NatTraversal.Pcp;

namespace Btmm.Core.NatTraversal.Keeping;

/// <summary>
/// A mapping as its keeper holds it, on the keeper's own clock: when it is due, when it ends, and whether its renewals do what they
/// say. Immutable.
/// </summary>
/// <remarks>
/// Some gateways answer a renewal without extending the mapping. Those that then tell what is left are found out
/// (<see cref="DidNotExtend"/>). Those that claim the full lifetime cannot be; so the second renewal is made when the first mapping
/// would have ended, and puts right what the first did not do.
/// </remarks>
internal sealed record MappingLease
{
    /// <summary>Lifetimes below this are renewed no faster than this.</summary>
    private static readonly TimeSpan s_shortestRenewal = TimeSpan.FromSeconds(1);

    /// <summary>How long after the end of a mapping it is certain that the gateway has dropped it.</summary>
    private static readonly TimeSpan s_afterTheEnd = TimeSpan.FromSeconds(1);

    /// <summary>A renewal so soon after the last one proves nothing.</summary>
    private static readonly TimeSpan s_tooSoonToJudge = TimeSpan.FromSeconds(10);

    private MappingLease(PortMapping mapping, TimeSpan askedAt, TimeSpan wanted)
    {
        // A gateway should not grant more than was asked for; one that does is not relied upon.
        Mapping = mapping;
        Lifetime = mapping.Lifetime < wanted ? mapping.Lifetime : wanted;
        AskedAt = askedAt;
        ExpiresAt = askedAt + Lifetime;
    }

    /// <summary>The mapping.</summary>
    internal PortMapping Mapping { get; private init; }

    /// <summary>When it was asked for.</summary>
    internal TimeSpan AskedAt { get; }

    /// <summary>How long it is relied upon from then.</summary>
    internal TimeSpan Lifetime { get; }

    /// <summary>When it ends unless renewed.</summary>
    internal TimeSpan ExpiresAt { get; }

    /// <summary>When to renew it.</summary>
    internal TimeSpan RenewAt { get; private init; }

    /// <summary>Whether it is what a renewal gave that did not extend the mapping.</summary>
    internal bool DidNotExtend { get; private init; }

    /// <summary>Whether only its end makes room for a new one.</summary>
    internal bool IsStuck { get; private init; }

    /// <summary>A mapping that was not there before.</summary>
    internal static MappingLease Make(PortMapping mapping, TimeSpan askedAt, TimeSpan wanted, IRandomSource random)
    {
        var lease = new MappingLease(mapping, askedAt, wanted);
        return lease with { RenewAt = askedAt + lease.UntilRenewal(random) };
    }

    /// <summary>What a renewal of this mapping gave.</summary>
    internal MappingLease Renew(PortMapping mapping, TimeSpan askedAt, TimeSpan wanted, IRandomSource random)
    {
        MappingLease next = Make(mapping, askedAt, wanted, random);
        if (mapping.IsPermanent || IsOther(mapping) || askedAt >= ExpiresAt) return next;

        TimeSpan passed = askedAt - AskedAt;
        bool judged = passed >= s_tooSoonToJudge;
        if (judged && next.ExpiresAt - ExpiresAt < passed / 4) return next with { DidNotExtend = true };
        bool isPastTheEnd = next.RenewAt + s_afterTheEnd >= ExpiresAt && ExpiresAt + (2 * s_afterTheEnd) < next.ExpiresAt;
        return judged && isPastTheEnd ? next with { RenewAt = ExpiresAt + s_afterTheEnd } : next;
    }

    /// <summary>
    /// What asking for this mapping gave between its renewals. They stay due when they were, so that what they are judged by is theirs:
    /// the gateway may have extended it now, and need not have.
    /// </summary>
    internal MappingLease Confirm(PortMapping mapping, TimeSpan askedAt, TimeSpan wanted, IRandomSource random)
    {
        MappingLease next = Make(mapping, askedAt, wanted, random);
        return IsOther(mapping) || ExpiresAt > next.ExpiresAt + (2 * s_afterTheEnd) ? next : this with { Mapping = mapping };
    }

    /// <summary>As this, on a gateway where nothing helps: it is left alone until it has ended, and made anew at once then.</summary>
    internal MappingLease UntilItEnds() => this with { RenewAt = ExpiresAt + s_afterTheEnd, IsStuck = true };

    /// <summary>Whether it lasts clearly longer than another one.</summary>
    internal bool Outlasts(MappingLease other) => ExpiresAt > other.ExpiresAt + (2 * s_afterTheEnd);

    private bool IsOther(PortMapping mapping) => mapping.ExternalPort != Mapping.ExternalPort || mapping.Method != Mapping.Method;

    private TimeSpan UntilRenewal(IRandomSource random)
    {
        TimeSpan half = Lifetime / 2;
        TimeSpan shortest = s_shortestRenewal;
        if (Mapping.Method == PortMappingMethod.Pcp)
        {
            half = PcpRenewal.After(Lifetime, random);
            shortest = PcpConstants.MinRenewalSpacing; // However short the lifetime is (RFC 6887 §11.2.1).
        }

        return half > shortest ? half : shortest;
    }
}
