namespace Btmm.Server;

/// <summary>Whether a zone service's store takes changes; while it does not, updates are answered SERVFAIL and queries go on.</summary>
/// <param name="Failure">Why the latest commit failed; null when it did not.</param>
/// <param name="FailingSince">When the first commit in a row failed.</param>
public sealed record ZoneStoreStatus(string? Failure, DateTimeOffset? FailingSince)
{
    /// <summary>Whether the latest commit failed.</summary>
    public bool IsFailing => Failure is not null;
}
