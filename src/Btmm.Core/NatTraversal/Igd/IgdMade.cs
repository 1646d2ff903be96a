using Btmm.Protocol.NatTraversal.Igd;

namespace Btmm.Core.NatTraversal.Igd;

/// <summary>A mapping that a gateway has made.</summary>
/// <param name="ExternalPort">Its external port.</param>
/// <param name="Entry">What the gateway then said about it; null when it does not tell.</param>
/// <param name="LeaseSeconds">The lease that was asked for; 0 for none.</param>
internal readonly record struct IgdMade(ushort ExternalPort, IgdMappingEntry? Entry, uint LeaseSeconds)
{
    /// <summary>What a lease may differ by for the time that answers take and for seconds that are cut off.</summary>
    internal const uint SlackSeconds = 2;

    /// <summary>The lease as it really is, or as it was asked for when the gateway does not tell; null for one without an end.</summary>
    internal TimeSpan? Lease => (Entry?.LeaseSeconds ?? LeaseSeconds) switch
    {
        0 => null,
        uint seconds when seconds < LeaseSeconds && seconds + SlackSeconds >= LeaseSeconds => TimeSpan.FromSeconds(LeaseSeconds),
        uint seconds => TimeSpan.FromSeconds(seconds),
    };

    /// <summary>
    /// Whether the gateway keeps it until it is deleted: it says so (lease 0), or was told so and does not say otherwise. IGD:2 takes
    /// lease 0 for a week (RFC 6970 §4.1).
    /// </summary>
    /// <param name="version">The service's version.</param>
    internal bool IsPermanent(int version) =>
        Entry?.LeaseSeconds is { } told ? told == 0 : LeaseSeconds == 0 && version < 2;
}
