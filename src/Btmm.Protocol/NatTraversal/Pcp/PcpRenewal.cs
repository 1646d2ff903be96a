namespace Btmm.Protocol.NatTraversal.Pcp;

/// <summary>
/// When to renew a mapping (RFC 6887 §11.2.1): at a random moment between 1/2 and 5/8 of its lifetime. Thread-safe, without state.
/// </summary>
/// <remarks>
/// The RFC has a renewal that failed tried again at 3/4, 7/8 and so on. A keeper that knows why it failed need not wait so long, and
/// by its own patience does not close in on the end with ever shorter waits, which is what the RFC forbids.
/// </remarks>
public static class PcpRenewal
{
    private const double Earliest = 1.0 / 2;
    private const double Latest = 5.0 / 8;

    /// <summary>When to send the renewal, counted from the grant.</summary>
    /// <param name="lifetime">The lifetime granted.</param>
    /// <param name="random">For the random part, which keeps many clients from renewing at one moment.</param>
    public static TimeSpan After(TimeSpan lifetime, IRandomSource random)
    {
        ArgumentNullException.ThrowIfNull(random);
        return lifetime * (Earliest + ((Latest - Earliest) * random.NextShare()));
    }
}
