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

    /// <summary>Whether any was asked at another port than DNS's.</summary>
    internal bool AskedBesideDns { get; init; }

    /// <summary>Whether anything came back from such a port.</summary>
    internal bool HeardBesideDns { get; init; }

    /// <summary>Whether this host's own system refused to send anything.</summary>
    internal bool IsRefusedHere { get; init; }

    /// <summary>How the NATs behave.</summary>
    internal NatBehaviour Behaviour { get; init; } = NatBehaviour.Unknown;
}
