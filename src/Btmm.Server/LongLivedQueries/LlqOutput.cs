namespace Btmm.Server.LongLivedQueries;

/// <summary>An event to send, once or once more.</summary>
internal readonly record struct LlqOutput(LlqSession Session, LlqEvent Event, LlqClient Client)
{
    /// <summary>Writes the message; returns its length.</summary>
    internal int Write(Span<byte> buffer) => Event.Body.Write(buffer, Event.MessageId, Session.Id, Session.Key, Event.SignedAt);
}
