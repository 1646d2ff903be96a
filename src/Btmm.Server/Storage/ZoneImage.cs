namespace Btmm.Server.Storage;

/// <summary>A zone as a store holds it. Immutable.</summary>
/// <param name="Records">All its records, the SOA included; none for a new zone.</param>
public sealed record ZoneImage(IReadOnlyList<StoredRecord> Records)
{
    /// <summary>Counts the zone's steps in a store that several services share; else 0.</summary>
    public long Version { get; init; }

    /// <summary>Updates that other services, or this one before its restart, answered while their signatures are still fresh.</summary>
    public IReadOnlyList<SignedUpdate> Updates { get; init; } = [];
}
