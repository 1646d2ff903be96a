namespace Btmm.Server;

/// <summary>What a zone service has done since its start; the same figures are published by the meter "Btmm.Server".</summary>
/// <param name="Queries">Queries answered.</param>
/// <param name="Updates">Updates answered.</param>
/// <param name="UpdatesApplied">Updates that succeeded.</param>
/// <param name="Refused">Requests answered REFUSED or NOTAUTH.</param>
/// <param name="SignatureFailures">Requests whose TSIG did not verify.</param>
/// <param name="Malformed">Messages that could not be understood.</param>
/// <param name="LeasesExpired">Records removed at the end of their lease.</param>
/// <param name="EventsSent">Long-lived query events sent, without repetitions.</param>
/// <param name="EventsUnanswered">Long-lived queries ended because an event was not acknowledged.</param>
/// <param name="Commits">Commits of the store; updates that come together share one.</param>
/// <param name="CommitsOvertaken">Commits that came after another service's at a store they share, and were made again on top of it.</param>
/// <param name="StoreFailures">Commits that failed: their updates were answered SERVFAIL.</param>
/// <param name="UpdatesDropped">Updates over UDP left unanswered because too many were under way.</param>
/// <param name="UpdatesOverQuota">Updates refused because a key's or a zone's quota was used up.</param>
/// <param name="FullTransfers">Whole zones given to secondaries.</param>
/// <param name="IncrementalTransfers">Changes given to secondaries.</param>
/// <param name="NotifiesSent">Notifications of changes sent to secondaries, without repetitions.</param>
/// <param name="NotifiesUnanswered">Notifications that no answer came to.</param>
/// <param name="ResponsesLimited">Answers over UDP that were withheld or cut short because their network had got too many.</param>
public sealed record ZoneServiceCounters(
    long Queries,
    long Updates,
    long UpdatesApplied,
    long Refused,
    long SignatureFailures,
    long Malformed,
    long LeasesExpired,
    long EventsSent,
    long EventsUnanswered,
    long Commits,
    long CommitsOvertaken,
    long StoreFailures,
    long UpdatesDropped,
    long UpdatesOverQuota,
    long FullTransfers,
    long IncrementalTransfers,
    long NotifiesSent,
    long NotifiesUnanswered,
    long ResponsesLimited)
{
    /// <summary>DNS Push messages sent; one tells all changes that there are for a client.</summary>
    public long PushesSent { get; init; }

    /// <summary>DNS Push subscriptions turned away because there were too many.</summary>
    public long SubscriptionsTurnedAway { get; init; }

    /// <summary>Records that DNS Push clients doubted.</summary>
    public long Reconfirmations { get; init; }
}
