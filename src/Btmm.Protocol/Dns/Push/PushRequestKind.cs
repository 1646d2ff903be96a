namespace Btmm.Protocol.Dns.Push;

/// <summary>What a <see cref="PushServerSession"/> found a message to be.</summary>
public enum PushRequestKind
{
    /// <summary>Nothing to do.</summary>
    None,

    /// <summary>The client asks for timeouts: answer with those that hold.</summary>
    Keepalive,

    /// <summary>The client wants to be told of a record set: decide, answer, then send what there is.</summary>
    Subscribe,

    /// <summary>A subscription has ended; no answer.</summary>
    Unsubscribe,

    /// <summary>The client doubts a record; no answer.</summary>
    Reconfirm,

    /// <summary>The request cannot be worked on: answer with the response code.</summary>
    Reject,

    /// <summary>The client broke the rules: abort the connection without an answer.</summary>
    Abort,
}
