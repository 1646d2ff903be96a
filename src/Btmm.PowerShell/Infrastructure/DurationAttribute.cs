using System.Globalization;
using System.Management.Automation;

namespace Btmm.PowerShell.Infrastructure;

/// <summary>
/// Lets a duration be given as a <see cref="TimeSpan"/> or as whole seconds. Without it, PowerShell would read the bare
/// number 3600 as that many ticks.
/// </summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Field)]
public sealed class DurationAttribute : ArgumentTransformationAttribute
{
    // A timer takes milliseconds in 32 bits.
    private static readonly TimeSpan s_longestWait = TimeSpan.FromDays(24);

    /// <summary>Whether it is a time to wait: more than nothing, for then nobody could answer, and no more than a timer takes.</summary>
    public bool IsWait { get; set; }

    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        object value = inputData is PSObject wrapped ? wrapped.BaseObject : inputData;
        return value switch
        {
            TimeSpan span => Checked(span),
            int or uint or long or short or ushort or byte => FromSeconds(Convert.ToDouble(value, CultureInfo.InvariantCulture)),
            double or float or decimal => FromSeconds(Convert.ToDouble(value, CultureInfo.InvariantCulture)),
            string text when long.TryParse(text, CultureInfo.InvariantCulture, out long seconds) => FromSeconds(seconds),
            string text when TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out TimeSpan span) => Checked(span),
            _ => throw Unusable(),
        };
    }

    private object FromSeconds(double seconds) =>
        seconds is >= 0 and <= uint.MaxValue ? Checked(TimeSpan.FromSeconds(seconds)) : throw Unusable();

    private object Checked(TimeSpan span)
    {
        bool fits = IsWait ? span > TimeSpan.Zero && span <= s_longestWait : span >= TimeSpan.Zero;
        return fits ? span : throw Unusable();
    }

    private ArgumentTransformationMetadataException Unusable() => new(IsWait
        ? "Give a time to wait of more than 0 and at most 24 days, as whole seconds (30) or as a time span (0:00:30)."
        : "Give a duration of 0 or more, as whole seconds (3600) or as a time span (1:00:00).");
}
