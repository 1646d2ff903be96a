namespace Btmm.Protocol.NatTraversal.Pcp;

/// <summary>
/// When to renew a mapping (RFC 6887 §11.2.1): at a random moment between 1/2 and 5/8 of its lifetime; when that is not granted, between
/// 3/4 and 13/16; then 7/8 and 29/32, and so on; never less than 4 s after the request before. Thread-safe, without state.
/// </summary>
public static class PcpRenewal
{
    private const int MaxAttempts = 32;

    /// <summary>When to send the next renewal, counted from the grant; null when the mapping would have ended by then.</summary>
    /// <param name="lifetime">The lifetime granted.</param>
    /// <param name="attempts">How many renewals have been sent since the grant.</param>
    /// <param name="lastAt">When the last of them was sent, counted from the grant; ignored when there was none.</param>
    /// <param name="random">For the random part.</param>
    public static TimeSpan? Next(TimeSpan lifetime, int attempts, TimeSpan lastAt, IRandomSource random)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(attempts);
        if (attempts >= MaxAttempts) return null;
        double left = Math.ScaleB(1, -(attempts + 1));  // 1/2, 1/4, 1/8 ... of the lifetime are left,
        double spread = left / 4;                       // and 1/8, 1/16, 1/32 ... are for chance.
        TimeSpan at = lifetime * (1 - left + (spread * random.NextShare()));
        TimeSpan earliest = attempts == 0 ? TimeSpan.Zero : lastAt + PcpConstants.MinRenewalSpacing;
        if (at < earliest) at = earliest;
        return at < lifetime ? at : null;
    }
}
