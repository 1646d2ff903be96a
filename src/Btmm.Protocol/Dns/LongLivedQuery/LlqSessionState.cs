namespace Btmm.Protocol.Dns.LongLivedQuery;

/// <summary>Where an <see cref="LlqClientSession"/> stands.</summary>
public enum LlqSessionState
{
    /// <summary>Not started.</summary>
    Idle,

    /// <summary>The setup request is out; the challenge is awaited.</summary>
    Requesting,

    /// <summary>The challenge response is out; acknowledgement and answers are awaited.</summary>
    Responding,

    /// <summary>The server tells of changes.</summary>
    Established,

    /// <summary>Established, and a refresh is out.</summary>
    Refreshing,

    /// <summary>The server is full; the setup is tried again when it said so.</summary>
    Waiting,

    /// <summary>The server did not answer the setup.</summary>
    NoAnswer,

    /// <summary>The server has no long-lived queries, or refused this one for good.</summary>
    Unsupported,

    /// <summary>The data does not change: neither set up again nor poll (RFC 8764 §5.2.3).</summary>
    Static,

    /// <summary>The termination is out.</summary>
    Terminating,

    /// <summary>Terminated.</summary>
    Ended,
}
