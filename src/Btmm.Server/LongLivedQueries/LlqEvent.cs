namespace Btmm.Server.LongLivedQueries;

/// <summary>An event on its way to one client (RFC 8764 §6).</summary>
/// <param name="messageId">The unpredictable id that the acknowledgement has to carry.</param>
/// <param name="body">What it says, shared by all whom it is said to.</param>
/// <param name="signedAt">The time in its signature: a repetition is the same bytes again.</param>
internal sealed class LlqEvent(ushort messageId, LlqBody body, DateTimeOffset signedAt)
{
    internal ushort MessageId => messageId;

    internal LlqBody Body => body;

    internal DateTimeOffset SignedAt => signedAt;

    /// <summary>How often it was sent.</summary>
    internal int Transmissions { get; set; }

    /// <summary>When to send it again or give up.</summary>
    internal TimeSpan Deadline { get; set; } = LlqSession.Never;
}
