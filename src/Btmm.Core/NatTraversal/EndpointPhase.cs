namespace Btmm.Core.NatTraversal;

/// <summary>Whether there is an endpoint.</summary>
public enum EndpointPhase
{
    /// <summary>Not known yet.</summary>
    Searching,

    /// <summary>There is at least one candidate.</summary>
    Available,

    /// <summary>There is none, for a known reason; the keeper goes on trying.</summary>
    Unavailable,
}
