namespace Btmm.Protocol.NatTraversal.NatPmp;

/// <summary>How a NAT-PMP exchange ended.</summary>
public enum NatPmpOutcomeKind
{
    /// <summary>The gateway answered; its result code may still be an error.</summary>
    Answered,

    /// <summary>Every try went unanswered.</summary>
    NoAnswer,

    /// <summary>ICMP says that nobody listens on the gateway's port (RFC 6886 §3.1).</summary>
    PortUnreachable,
}
