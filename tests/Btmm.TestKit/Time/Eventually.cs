using System.Diagnostics;

namespace Btmm.TestKit;

/// <summary>Waits for conditions of the real world, with deadlines generous enough for a busy machine.</summary>
public static class Eventually
{
    private static readonly TimeSpan s_pollInterval = TimeSpan.FromMilliseconds(20);

    /// <summary>How long to wait when nothing else is said.</summary>
    public static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(30);

    /// <summary>Waits until <paramref name="condition"/> holds and returns how long that took.</summary>
    /// <exception cref="TimeoutException">It did not; the message names <paramref name="what"/>.</exception>
    public static Task<TimeSpan> HoldsAsync(Func<bool> condition, string what, TimeSpan? timeout = null) =>
        HoldsAsync(condition, () => what, timeout);

    /// <summary>As the other overload, with a description made at the end, so that it can tell what was found instead.</summary>
    /// <exception cref="TimeoutException">It did not; the message carries <paramref name="describe"/>'s result.</exception>
    public static async Task<TimeSpan> HoldsAsync(Func<bool> condition, Func<string> describe, TimeSpan? timeout = null)
    {
        Stopwatch waited = Stopwatch.StartNew();
        while (!condition())
        {
            if (waited.Elapsed > (timeout ?? DefaultTimeout))
                throw new TimeoutException($"after {waited.Elapsed.TotalSeconds:F1} s still not so: {describe()}");
            await Task.Delay(s_pollInterval).ConfigureAwait(false);
        }

        return waited.Elapsed;
    }
}
