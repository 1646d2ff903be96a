namespace Btmm.Server.LongLivedQueries;

/// <summary>A datagram to send.</summary>
internal readonly record struct LlqOutput(LlqClient Client, ReadOnlyMemory<byte> Message);
