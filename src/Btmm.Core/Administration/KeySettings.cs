using Btmm.Protocol.Dns.Tsig;

namespace Btmm.Core.Administration;

/// <summary>A key as an operator gives it to a zone service. Immutable; the key stays the caller's.</summary>
/// <param name="Key">The key.</param>
/// <param name="Grants">What it is good for, in any number of zones.</param>
public sealed record KeySettings(TsigKey Key, IReadOnlyList<KeyGrant> Grants)
{
    /// <summary>Updates a minute of its holder, as a token bucket that holds a minute's worth; 0 for no limit but the zones'.</summary>
    public int UpdatesPerMinute { get; init; }
}
