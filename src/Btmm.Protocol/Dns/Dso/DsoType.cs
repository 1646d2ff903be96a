namespace Btmm.Protocol.Dns.Dso;

/// <summary>The kind of a DSO TLV. Values not listed are kept as they are (RFC 8490 §10.3).</summary>
public enum DsoType : ushort
{
    /// <summary>Reserved.</summary>
    None = 0,

    /// <summary>Session timeouts (RFC 8490 §7.1).</summary>
    Keepalive = 1,

    /// <summary>When to come again (RFC 8490 §7.2).</summary>
    RetryDelay = 2,

    /// <summary>Bytes without meaning (RFC 8490 §7.3).</summary>
    EncryptionPadding = 3,

    /// <summary>Asks to be told of changes (RFC 8765 §6.2).</summary>
    Subscribe = 0x40,

    /// <summary>Changes (RFC 8765 §6.3).</summary>
    Push = 0x41,

    /// <summary>Ends a subscription (RFC 8765 §6.4).</summary>
    Unsubscribe = 0x42,

    /// <summary>Doubts a record (RFC 8765 §6.5).</summary>
    Reconfirm = 0x43,
}
