namespace Btmm.Protocol.NatTraversal.Stun;

/// <summary>How a STUN transaction ended.</summary>
public enum StunOutcomeKind
{
    /// <summary>No answer after the last try.</summary>
    NoAnswer,

    /// <summary>The server told the mapped address.</summary>
    Answered,

    /// <summary>The server answered with an error.</summary>
    Refused,

    /// <summary>Something came from the server's address that is not STUN: another protocol is spoken there.</summary>
    NotStun,

    /// <summary>The network said that nobody is there, or that the packet may not pass.</summary>
    Unreachable,
}
