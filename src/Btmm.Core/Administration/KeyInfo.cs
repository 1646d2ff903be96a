using Btmm.Protocol.Dns;

namespace Btmm.Core.Administration;

/// <summary>A key that a running service knows, without its secret. Immutable.</summary>
public sealed record KeyInfo
{
    /// <summary>The key's name.</summary>
    public required DnsName Name { get; init; }

    /// <summary>The algorithm's name.</summary>
    public required string Algorithm { get; init; }

    /// <summary>Bytes in the secret.</summary>
    public int SecretLength { get; init; }

    /// <summary>What it is good for.</summary>
    public required IReadOnlyList<KeyGrant> Grants { get; init; }

    /// <summary>Updates a minute; 0 for no limit but the zones'.</summary>
    public int UpdatesPerMinute { get; init; }

    /// <summary>Updates refused since the start because its quota was used up.</summary>
    public long OverQuota { get; init; }

    /// <summary>Where the service has it from.</summary>
    public EntrySource Source { get; init; }
}
