using System.Globalization;
using System.Text;

namespace Btmm.Protocol.NatTraversal.Igd;

/// <summary>The header lines of an SSDP message, those that matter here. Used by one thread.</summary>
internal sealed class SsdpHeaders
{
    private readonly Dictionary<string, string> _values = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Splits a message into its first line and its headers; null when it is not made like that.</summary>
    /// <remarks>Lines may end in LF alone and the empty line may be missing: there are such devices.</remarks>
    internal static SsdpHeaders? Parse(ReadOnlySpan<byte> message, out string firstLine)
    {
        firstLine = "";
        if (message.Length is 0 or > IgdConstants.MaxSsdpLength) return null;
        SsdpHeaders headers = new();
        int count = 0;
        while (!message.IsEmpty)
        {
            int end = message.IndexOf((byte)'\n');
            ReadOnlySpan<byte> line = (end < 0 ? message : message[..end]).TrimEnd("\r \t"u8);
            message = end < 0 ? [] : message[(end + 1)..];
            if (line.IsEmpty) break;
            if (++count > IgdConstants.MaxSsdpHeaders) return null;
            if (line.IndexOfAnyInRange((byte)0, (byte)8) >= 0) return null;
            if (count == 1) firstLine = Encoding.UTF8.GetString(line);
            else headers.Add(line);
        }

        return count == 0 ? null : headers;
    }

    /// <summary>A header's value; null when it is missing or empty.</summary>
    internal string? Text(string name) => _values.TryGetValue(name, out string? value) && value.Length > 0 ? value : null;

    /// <summary>A header's value as a number; null when it is missing or none.</summary>
    internal uint? Number(string name) =>
        uint.TryParse(Text(name), NumberStyles.None, CultureInfo.InvariantCulture, out uint number) ? number : null;

    // A line that is no header is skipped, not fatal; the first of two headers of one name counts.
    private void Add(ReadOnlySpan<byte> line)
    {
        int colon = line.IndexOf((byte)':');
        if (colon <= 0) return;
        string name = Encoding.UTF8.GetString(line[..colon].Trim(" \t"u8));
        string value = Encoding.UTF8.GetString(line[(colon + 1)..].Trim(" \t"u8));
        if (value.Length <= IgdConstants.MaxUrlLength) _values.TryAdd(name, value);
    }
}
