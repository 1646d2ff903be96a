namespace Btmm.Protocol.NatTraversal.Stun;

/// <summary>Where the answer to a request is to come from (RFC 5780 §7.2).</summary>
[Flags]
public enum StunChange : uint
{
    /// <summary>From where the request was sent to.</summary>
    None = 0,

    /// <summary>From the server's other port.</summary>
    Port = 2,

    /// <summary>From the server's other address.</summary>
    Address = 4,
}
