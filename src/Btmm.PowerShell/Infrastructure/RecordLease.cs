using System.Globalization;

namespace Btmm.PowerShell.Infrastructure;

/// <summary>The lease that the record cmdlets ask for.</summary>
internal static class RecordLease
{
    /// <summary>90 minutes, as the node does.</summary>
    public static TimeSpan Default { get; } = TimeSpan.FromMinutes(90);

    /// <summary>A duration for people: <c>1.5 h</c>, <c>10 min</c>, <c>30 s</c>.</summary>
    public static string Describe(TimeSpan time) => time switch
    {
        { TotalHours: >= 1 } => string.Create(CultureInfo.InvariantCulture, $"{time.TotalHours:0.##} h"),
        { TotalMinutes: >= 1 } => string.Create(CultureInfo.InvariantCulture, $"{time.TotalMinutes:0.##} min"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.##} s"),
    };
}
