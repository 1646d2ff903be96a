namespace Btmm.Protocol.Dns.Zone;

/// <summary>How much a zone file may ask for. Immutable.</summary>
public sealed record ZoneFileLimits
{
    /// <summary>The longest entry, bytes: the longest data there is (65,535 bytes), each byte as an escape, and something beside.</summary>
    public int MaxEntryBytes { get; init; } = 320 * 1024;

    /// <summary>The most records.</summary>
    public int MaxRecords { get; init; } = 10_000_000;
}
