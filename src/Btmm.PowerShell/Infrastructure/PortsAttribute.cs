using System.Globalization;
using System.Management.Automation;

namespace Btmm.PowerShell.Infrastructure;

/// <summary>
/// Lets ports be given as PowerShell's range without brackets, which reaches a cmdlet as the text <c>8000..8010</c>, and as
/// <c>8000-8010</c>. What is neither is left to PowerShell's own conversion.
/// </summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Field)]
public sealed class PortsAttribute : ArgumentTransformationAttribute
{
    private static readonly string[] s_separators = ["..", "-"];

    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        object value = Unwrap(inputData);
        if (TryExpand(value, out int[] ports)) return ports;
        if (value is not object[] many || !many.Any(m => TryExpand(Unwrap(m), out _))) return inputData;
        return many.SelectMany(m => TryExpand(Unwrap(m), out int[] some) ? some.Cast<object>() : [m]).ToArray();
    }

    private static object Unwrap(object value) => value is PSObject wrapped ? wrapped.BaseObject : value;

    private static bool TryExpand(object value, out int[] ports)
    {
        ports = [];
        if (value is not string text) return false;
        foreach (string separator in s_separators)
        {
            string[] ends = text.Split(separator);
            if (ends.Length != 2 || !TryParse(ends[0], out int first) || !TryParse(ends[1], out int last)) continue;
            if (Math.Max(first, last) > ushort.MaxValue)
                throw new ArgumentTransformationMetadataException($"'{text}' goes beyond {ushort.MaxValue}, the last port.");
            ports = [.. Enumerable.Range(Math.Min(first, last), Math.Abs(last - first) + 1)];
            return true;
        }
        return false;
    }

    private static bool TryParse(string text, out int port) =>
        int.TryParse(text, NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out port);
}
