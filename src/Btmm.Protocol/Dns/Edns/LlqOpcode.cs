namespace Btmm.Protocol.Dns.Edns;

/// <summary>What an LLQ message is for (RFC 8764 §3.2).</summary>
public enum LlqOpcode : ushort
{
    /// <summary>Sets a query up: request, challenge, response and acknowledgement.</summary>
    Setup = 1,

    /// <summary>Extends or, with lease 0, ends a query.</summary>
    Refresh = 2,

    /// <summary>Tells of changes.</summary>
    Event = 3,
}
