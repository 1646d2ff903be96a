namespace Btmm.Core.Administration;

/// <summary>How much of a zone service one zone may use up; what goes beyond is answered REFUSED. Immutable.</summary>
public sealed record ZoneQuota
{
    /// <summary>The least <see cref="MaxRecords"/>: what the service itself keeps in a zone fits, and a few more.</summary>
    public const int FewestRecords = 16;

    /// <summary>No limit on updates; records as in <see cref="Default"/>.</summary>
    public static ZoneQuota Default { get; } = new();

    /// <summary>Records in the zone, its SOA and the service's own among them; at least <see cref="FewestRecords"/>.</summary>
    public int MaxRecords { get; init; } = 100_000;

    /// <summary>Records at one name: a list of hosts fits, a flood does not. At least 1.</summary>
    public int MaxRecordsPerName { get; init; } = 1024;

    /// <summary>
    /// Updates a minute, of all keys together, as a token bucket that holds a minute's worth; 0 for no limit. Counted are those
    /// whose signature and key are good.
    /// </summary>
    public int UpdatesPerMinute { get; init; }

    /// <summary>Whether every number is in its range.</summary>
    public bool IsUsable => MaxRecords >= FewestRecords && MaxRecordsPerName >= 1 && UpdatesPerMinute >= 0;
}
