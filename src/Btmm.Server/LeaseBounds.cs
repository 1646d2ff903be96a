namespace Btmm.Server;

/// <summary>The shortest and the longest lease that the service grants, in whole seconds. Immutable.</summary>
public sealed record LeaseBounds
{
    /// <summary>Makes bounds.</summary>
    /// <param name="minimum">At least one second.</param>
    /// <param name="maximum">At least <paramref name="minimum"/>, at most about 136 years (32 bits of seconds).</param>
    /// <exception cref="ArgumentOutOfRangeException">The bounds are not as described.</exception>
    public LeaseBounds(TimeSpan minimum, TimeSpan maximum)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(minimum, TimeSpan.FromSeconds(1));
        ArgumentOutOfRangeException.ThrowIfLessThan(maximum, minimum);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(maximum, TimeSpan.FromSeconds(uint.MaxValue));
        Minimum = minimum;
        Maximum = maximum;
    }

    /// <summary>The shortest lease.</summary>
    public TimeSpan Minimum { get; }

    /// <summary>The longest lease.</summary>
    public TimeSpan Maximum { get; }

    internal TimeSpan Clamp(uint seconds) =>
        TimeSpan.FromSeconds(Math.Min(Math.Max(seconds, (uint)Math.Ceiling(Minimum.TotalSeconds)), (uint)Maximum.TotalSeconds));
}
