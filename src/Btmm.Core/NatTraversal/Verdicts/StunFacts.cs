using System.Net;

namespace Btmm.Core.NatTraversal.Verdicts;

/// <summary>What STUN servers told. Immutable.</summary>
internal sealed record StunFacts
{
    /// <summary>Nobody was asked.</summary>
    internal static StunFacts None { get; } = new();

    /// <summary>The address and port from which was asked.</summary>
    internal IPEndPoint? Local { get; init; }

    /// <summary>How these look from outside; null when nobody answered.</summary>
    internal IPEndPoint? Mapped { get; init; }

    /// <summary>Whether anything at all came back by UDP.</summary>
    internal bool HeardAnything { get; init; }

    /// <summary>
    /// Whether answers came from DNS's port only, although others were asked at other ports: many a filter lets DNS pass and nothing
    /// else.
    /// </summary>
    internal bool HeardDnsOnly { get; init; }

    /// <summary>Whether this host's own system refused to send anything.</summary>
    internal bool IsRefusedHere { get; init; }

    /// <summary>How the NATs behave.</summary>
    internal NatBehaviour Behaviour { get; init; } = NatBehaviour.Unknown;
}
