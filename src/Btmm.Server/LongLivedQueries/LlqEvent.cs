namespace Btmm.Server.LongLivedQueries;

/// <summary>An event on its way (RFC 8764 §6).</summary>
/// <param name="MessageId">The unpredictable id that the acknowledgement has to carry.</param>
/// <param name="Message">The datagram, the same at each transmission.</param>
/// <param name="Transmissions">How often it was sent.</param>
/// <param name="Deadline">When to send it again or give up.</param>
internal sealed record LlqEvent(ushort MessageId, ReadOnlyMemory<byte> Message, int Transmissions, TimeSpan Deadline);
