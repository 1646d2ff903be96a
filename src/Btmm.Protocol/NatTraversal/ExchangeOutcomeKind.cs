namespace Btmm.Protocol.NatTraversal;

/// <summary>How an exchange with a gateway ended.</summary>
public enum ExchangeOutcomeKind
{
    /// <summary>The gateway answered; its result code may still be an error, and its version another one.</summary>
    Answered,

    /// <summary>Every try went unanswered.</summary>
    NoAnswer,

    /// <summary>ICMP says that nobody listens on the gateway's port (RFC 6886 §3.1).</summary>
    PortUnreachable,
}
