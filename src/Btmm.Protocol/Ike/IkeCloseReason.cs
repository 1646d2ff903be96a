namespace Btmm.Protocol.Ike;

/// <summary>Why an IKE SA is gone or never came to be.</summary>
public enum IkeCloseReason
{
    /// <summary>This side asked for it.</summary>
    LocalRequest,

    /// <summary>The peer deleted it.</summary>
    PeerRequest,

    /// <summary>The peer did not answer within the time allowed.</summary>
    Unresponsive,

    /// <summary>The peer could not be authenticated, or did not accept this side's proof (RFC 7296 §2.21.2).</summary>
    AuthenticationFailed,

    /// <summary>No proposal suits both sides (NO_PROPOSAL_CHOSEN).</summary>
    NoProposalChosen,

    /// <summary>The peer did not accept exactly the two identifiers as traffic selectors (TS_UNACCEPTABLE).</summary>
    TrafficSelectorsUnacceptable,

    /// <summary>An authenticated message broke the protocol, or the peer reported one (INVALID_SYNTAX).</summary>
    ProtocolError,

    /// <summary>The peer started anew (INITIAL_CONTACT).</summary>
    PeerRestarted,

    /// <summary>Both sides had connected at the same time; the other IKE SA stays.</summary>
    Redundant,

    /// <summary>A newer IKE SA took its place (rekey).</summary>
    Replaced,

    /// <summary>Its lifetime ended and it could not be rekeyed.</summary>
    Expired,
}
