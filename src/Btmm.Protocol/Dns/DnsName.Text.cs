using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace Btmm.Protocol.Dns;

/// <content>Text form: labels joined by dots, with <c>\.</c>, <c>\\</c> and <c>\DDD</c> escapes (RFC 1035 §5.1).</content>
public sealed partial class DnsName
{
    /// <summary>Parses a name; it is taken as fully qualified with or without the final dot. Non-ASCII text becomes UTF-8.</summary>
    /// <param name="text">The text, <c>.</c> for the root.</param>
    /// <param name="name">The name.</param>
    /// <returns>False when a label is empty or longer than 63 bytes, the name longer than 255, or an escape is wrong.</returns>
    public static bool TryParse([NotNullWhen(true)] string? text, [NotNullWhen(true)] out DnsName? name)
    {
        name = null;
        if (string.IsNullOrEmpty(text)) return false;
        if (text == ".")
        {
            name = Root;
            return true;
        }

        if (text.Length > 4 * DnsNameWire.MaxLength) return false;
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        Span<byte> wire = stackalloc byte[DnsNameWire.MaxLength];
        if (!TryEncode(bytes, wire, out int written)) return false;
        name = new DnsName(wire[..written].ToArray());
        return true;
    }

    /// <summary>Parses a name.</summary>
    /// <param name="text">The text.</param>
    /// <exception cref="FormatException">The text is not a domain name.</exception>
    public static DnsName Parse(string text)
        => TryParse(text, out DnsName? name) ? name : throw new FormatException($"'{text}' is not a domain name.");

    /// <summary>Parses a name; the provider is not used.</summary>
    /// <param name="s">The text.</param>
    /// <param name="provider">Not used.</param>
    /// <exception cref="FormatException">The text is not a domain name.</exception>
    public static DnsName Parse(string s, IFormatProvider? provider) => Parse(s);

    /// <summary>Parses a name; the provider is not used.</summary>
    /// <param name="s">The text.</param>
    /// <param name="provider">Not used.</param>
    /// <param name="result">The name.</param>
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, [MaybeNullWhen(false)] out DnsName result)
        => TryParse(s, out result);

    /// <summary>The text form without a final dot; <c>.</c> for the root.</summary>
    public override string ToString() => IsRoot ? "." : string.Join('.', GetLabels());

    /// <summary>
    /// Parses a name of a zone file: absolute when it ends in a dot that is not escaped, else completed by the origin.
    /// </summary>
    internal static bool TryParse(ReadOnlySpan<byte> text, DnsName origin, [NotNullWhen(true)] out DnsName? name)
    {
        name = null;
        if (text.IsEmpty || text.Length > 4 * DnsNameWire.MaxLength) return false;
        if (text.SequenceEqual("."u8))
        {
            name = Root;
            return true;
        }

        Span<byte> wire = stackalloc byte[DnsNameWire.MaxLength];
        if (!TryEncode(text, wire, out int written)) return false;
        if (IsAbsolute(text))
        {
            name = new DnsName(wire[..written].ToArray());
            return true;
        }

        if (written - 1 + origin.WireLength > DnsNameWire.MaxLength) return false;
        name = origin.Join(wire[..(written - 1)]);
        return true;
    }

    private static bool IsAbsolute(ReadOnlySpan<byte> text)
    {
        int escapes = 0;
        while (escapes < text.Length - 1 && text[^(2 + escapes)] == '\\') escapes++;
        return text[^1] == '.' && escapes % 2 == 0;
    }

    private static bool TryEncode(ReadOnlySpan<byte> text, Span<byte> wire, out int written)
    {
        written = 0;
        int start = 0; // of the label in progress: its length octet
        int end = 1;
        for (int i = 0; i < text.Length; i++)
        {
            byte value = text[i];
            if (value == '.')
            {
                if (!TryCloseLabel(wire, ref start, ref end)) return false;
                continue;
            }

            if (value == '\\' && !TryUnescape(text, ref i, out value)) return false;
            if (end >= wire.Length) return false;
            wire[end++] = value;
        }

        if (end > start + 1 && !TryCloseLabel(wire, ref start, ref end)) return false;
        if (start >= wire.Length) return false;
        wire[start] = 0;
        written = start + 1;
        return true;
    }

    private static bool TryCloseLabel(Span<byte> wire, ref int start, ref int end)
    {
        int length = end - start - 1;
        if (length is 0 or > DnsNameWire.MaxLabelLength) return false;
        wire[start] = (byte)length;
        start = end;
        end = start + 1;
        return true;
    }

    internal static bool TryUnescape(ReadOnlySpan<byte> text, ref int i, out byte value)
    {
        value = 0;
        if (i + 1 >= text.Length) return false;
        if (!char.IsAsciiDigit((char)text[i + 1]))
        {
            value = text[++i];
            return true;
        }

        if (i + 3 >= text.Length) return false;
        int number = 0;
        for (int k = 1; k <= 3; k++)
        {
            if (!char.IsAsciiDigit((char)text[i + k])) return false;
            number = (number * 10) + (text[i + k] - '0');
        }

        if (number > byte.MaxValue) return false;
        value = (byte)number;
        i += 3;
        return true;
    }

    private static string EscapeLabel(ReadOnlySpan<byte> label)
    {
        var text = new StringBuilder(label.Length);
        foreach (byte value in label)
        {
            if (value is (byte)'.' or (byte)'\\' or (byte)'"' or (byte)';' or (byte)'(' or (byte)')' or (byte)'@' or (byte)'$')
                text.Append('\\').Append((char)value);
            else if (value is > 0x20 and < 0x7F) text.Append((char)value);
            else text.Append('\\').Append(value.ToString("D3", CultureInfo.InvariantCulture));
        }

        return text.ToString();
    }
}
