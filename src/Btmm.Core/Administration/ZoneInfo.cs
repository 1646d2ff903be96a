using Btmm.Protocol.Dns;

namespace Btmm.Core.Administration;

/// <summary>A zone of a running service at one moment. Immutable.</summary>
public sealed record ZoneInfo
{
    /// <summary>The zone's name.</summary>
    public required DnsName Apex { get; init; }

    /// <summary>The SOA's serial.</summary>
    public uint Serial { get; init; }

    /// <summary>Records in it.</summary>
    public int Records { get; init; }

    /// <summary>Those of them with a lease.</summary>
    public int LeasedRecords { get; init; }

    /// <summary>Whether anybody may read all of it.</summary>
    public bool IsPublic { get; init; }

    /// <summary>The first label of the server's own name in it.</summary>
    public required string ServerLabel { get; init; }

    /// <summary>How much of the service it may use up.</summary>
    public required ZoneQuota Quota { get; init; }

    /// <summary>Keys with a grant in it.</summary>
    public int Keys { get; init; }

    /// <summary>Updates refused since the start because its quota, of records or of updates a minute, was used up.</summary>
    public long OverQuota { get; init; }

    /// <summary>Where the service has it from.</summary>
    public EntrySource Source { get; init; }
}
