namespace Btmm.Protocol.Dns.Push;

/// <summary>Why a <see cref="PushClientSession"/> is over, and so what becomes of its connection.</summary>
public enum PushSessionEnd
{
    /// <summary>It is not.</summary>
    None,

    /// <summary>It was without operations for as long as the server allows: close gracefully (RFC 8490 §6.4.1).</summary>
    Inactive,

    /// <summary>The server wants it closed, and the client to stay away for a while: close gracefully (RFC 8490 §6.6.1).</summary>
    RetryDelay,

    /// <summary>The server has no DSO; the connection may serve other messages (RFC 8490 §5.1.1).</summary>
    NotSupported,

    /// <summary>The server did not answer the first request: abort, and take it for one without DSO (RFC 8490 §5.1.1).</summary>
    NoAnswer,

    /// <summary>The server no longer answers: abort, and connect again.</summary>
    Silent,

    /// <summary>The server broke the rules: abort, and take it for one without DSO (RFC 8490 §5.3.1, §6.6.3.1).</summary>
    ProtocolError,
}
