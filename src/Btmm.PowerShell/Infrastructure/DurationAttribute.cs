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

    private static object FromSeconds(double seconds) =>
        seconds is >= 0 and <= uint.MaxValue ? TimeSpan.FromSeconds(seconds) : throw Unusable();

    private static object Checked(TimeSpan span) => span >= TimeSpan.Zero ? span : throw Unusable();

    private static ArgumentTransformationMetadataException Unusable() =>
        new("Give a duration of 0 or more, as whole seconds (3600) or as a time span (1:00:00).");
}
