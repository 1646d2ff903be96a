using Btmm.Server.Requests;

namespace Btmm.Server.LongLivedQueries;

/// <summary>A connection with long-lived queries whose events go over it. Used under the lock of its <see cref="LlqTable"/> only.</summary>
internal sealed class LlqPeer(IStreamPeer stream)
{
    internal IStreamPeer Stream => stream;

    internal HashSet<LlqSession> Sessions { get; } = [];

    /// <summary>Events to send, at most one of each query.</summary>
    internal Queue<LlqOutput> Outputs { get; } = new();

    /// <summary>Whether somebody is sending them.</summary>
    internal bool IsSending { get; set; }

    /// <summary>Tells of the end of the connection.</summary>
    internal CancellationTokenRegistration Closing { get; set; }
}
