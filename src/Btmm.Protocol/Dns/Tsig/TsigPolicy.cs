namespace Btmm.Protocol.Dns.Tsig;

/// <summary>What a verifier accepts beyond the protocol's own rules. Immutable.</summary>
public sealed record TsigPolicy
{
    /// <summary>The fudge that signers here use and that RFC 8945 §10 recommends.</summary>
    public static readonly TimeSpan RecommendedFudge = TimeSpan.FromSeconds(300);

    /// <summary>Only MACs of the algorithm's own length.</summary>
    public static TsigPolicy Strict { get; } = new();

    /// <summary>
    /// The shortest MAC accepted, bytes, for MACs cut below their algorithm's length (RFC 8945 §5.2.4); null accepts none.
    /// </summary>
    public int? ShortestTruncatedMac { get; init; }

    internal bool Accepts(TsigAlgorithm algorithm, int macLength) => macLength >= algorithm.MacLength || macLength >= ShortestTruncatedMac;
}
