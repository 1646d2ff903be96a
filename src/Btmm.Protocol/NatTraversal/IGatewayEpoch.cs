namespace Btmm.Protocol.NatTraversal;

/// <summary>
/// Follows the seconds for which a gateway has kept its mappings, and tells by the protocol's rule when it has lost them. Not
/// thread-safe.
/// </summary>
internal interface IGatewayEpoch
{
    /// <summary>Whether a value would mean that the gateway lost its state. Changes nothing.</summary>
    /// <param name="now">The time here, on a clock that never goes backwards.</param>
    /// <param name="epochSeconds">The value.</param>
    bool WouldBeLoss(TimeSpan now, uint epochSeconds);

    /// <summary>Takes note of a value; true when it means that the gateway lost its state.</summary>
    /// <param name="now">The time here, on a clock that never goes backwards.</param>
    /// <param name="epochSeconds">The value.</param>
    bool Observe(TimeSpan now, uint epochSeconds);
}
