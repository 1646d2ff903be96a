using Btmm.Protocol.Dns;

namespace Btmm.Core.Administration;

/// <summary>A key on its way through a control socket. Whoever holds it zeroes the secret; never printed.</summary>
public sealed class ControlKey
{
    /// <summary>The key's name.</summary>
    public required DnsName Name { get; init; }

    /// <summary>The algorithm's name.</summary>
    public required string Algorithm { get; init; }

    /// <summary>The secret.</summary>
    public required byte[] Secret { get; init; }

    /// <summary>What it is good for.</summary>
    public required KeyGrant[] Grants { get; init; }

    /// <summary>Updates a minute; 0 for no limit but the zones'.</summary>
    public int UpdatesPerMinute { get; init; }
}
