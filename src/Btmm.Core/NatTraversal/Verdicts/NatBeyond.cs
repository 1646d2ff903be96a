namespace Btmm.Core.NatTraversal.Verdicts;

/// <summary>What stands between the gateway and the internet.</summary>
internal enum NatBeyond
{
    /// <summary>No other NAT, as far as anything tells.</summary>
    None,

    /// <summary>A second gateway of the same home or office.</summary>
    SecondGateway,

    /// <summary>The provider's NAT.</summary>
    Provider,
}
