namespace Btmm.Protocol.Dns;

/// <summary>The flag bits of the DNS header, without opcode and rcode (RFC 1035 §4.1.1).</summary>
[Flags]
public enum DnsFlags : ushort
{
    /// <summary>None set.</summary>
    None = 0,

    /// <summary>QR: the message is a response.</summary>
    Response = 0x8000,

    /// <summary>AA: the answer is authoritative.</summary>
    Authoritative = 0x0400,

    /// <summary>TC: the message was truncated.</summary>
    Truncated = 0x0200,

    /// <summary>RD: recursion is desired.</summary>
    RecursionDesired = 0x0100,

    /// <summary>RA: recursion is available.</summary>
    RecursionAvailable = 0x0080,

    /// <summary>AD: authentic data (RFC 4035).</summary>
    AuthenticData = 0x0020,

    /// <summary>CD: checking disabled (RFC 4035).</summary>
    CheckingDisabled = 0x0010,
}
