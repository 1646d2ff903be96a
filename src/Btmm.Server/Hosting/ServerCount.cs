namespace Btmm.Server.Hosting;

/// <summary>What is counted; see <see cref="ZoneServiceCounters"/> for the meanings.</summary>
internal enum ServerCount
{
    Queries,
    Updates,
    UpdatesApplied,
    Refused,
    SignatureFailures,
    Malformed,
    LeasesExpired,
    EventsSent,
    EventsUnanswered,
    RequestsFailed,
    Commits,
    CommitsOvertaken,
    StoreFailures,
    UpdatesDropped,
    UpdatesOverQuota,
    FullTransfers,
    IncrementalTransfers,
    NotifiesSent,
    NotifiesUnanswered,
    PushesSent,
    SubscriptionsTurnedAway,
    Reconfirmations,
    ConnectionsRefused,
    ConnectionsIdle,
    ConnectionsTooSlow,
    HandshakesFailed,
    ResponsesLimited,
    StunRequests,
}
