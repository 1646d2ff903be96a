using System.Globalization;
using System.Text;

namespace Btmm.Protocol.Dns.Data;

/// <summary>Strings of zone files: in quotes, with <c>\"</c>, <c>\\</c> and <c>\DDD</c> (RFC 1035 §5.1).</summary>
internal static class CharacterString
{
    public static string Quote(ReadOnlySpan<byte> raw)
    {
        var text = new StringBuilder("\"");
        foreach (byte value in raw)
        {
            if (value is (byte)'"' or (byte)'\\') text.Append('\\').Append((char)value);
            else if (value is >= 0x20 and < 0x7F) text.Append((char)value);
            else text.Append('\\').Append(value.ToString("D3", CultureInfo.InvariantCulture));
        }

        return text.Append('"').ToString();
    }

    /// <summary>Takes escapes out; false for a wrong one or when there is no room.</summary>
    public static bool TryUnescape(ReadOnlySpan<byte> text, Span<byte> destination, out int written)
    {
        written = 0;
        for (int i = 0; i < text.Length; i++)
        {
            byte value = text[i];
            if (value == '\\' && !DnsName.TryUnescape(text, ref i, out value)) return false;
            if (written >= destination.Length) return false;
            destination[written++] = value;
        }

        return true;
    }
}
