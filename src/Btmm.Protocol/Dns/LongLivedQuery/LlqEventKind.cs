namespace Btmm.Protocol.Dns.LongLivedQuery;

/// <summary>What an <see cref="LlqEvent"/> tells.</summary>
public enum LlqEventKind
{
    /// <summary>The query is set up; <see cref="LlqClientSession.Records"/> holds all answers.</summary>
    Established,

    /// <summary>A record appeared.</summary>
    Added,

    /// <summary>A record is gone.</summary>
    Removed,

    /// <summary>The server extended the lease.</summary>
    Refreshed,

    /// <summary>The server no longer knows the query or the lease ran out; it is being set up again.</summary>
    Lost,

    /// <summary>The setup failed; the state says how.</summary>
    SetupFailed,

    /// <summary>The termination is confirmed or given up.</summary>
    Ended,
}
