namespace Btmm.Protocol.NatTraversal.Pcp;

/// <summary>How a PCP exchange ended.</summary>
public enum PcpOutcomeKind
{
    /// <summary>The server answered; its result code may still be an error.</summary>
    Answered,

    /// <summary>Every try went unanswered.</summary>
    NoAnswer,

    /// <summary>ICMP says that nobody listens on the server's port.</summary>
    PortUnreachable,

    /// <summary>The gateway answered in NAT-PMP, which it speaks instead (RFC 6887 §9 item 4, appendix A).</summary>
    SpeaksNatPmp,

    /// <summary>The server speaks only versions that this client does not (RFC 6887 §9 item 5).</summary>
    VersionUnsupported,
}
