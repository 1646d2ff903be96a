using System.Buffers;
using System.Text;

namespace Btmm.Protocol.NatTraversal.Igd;

/// <summary>Makes text out of a gateway's document that an XML parser can take, where only small things are wrong with it.</summary>
internal static class IgdXmlText
{
    private const int LongestReference = 8; // "#x10FFFF"

    private static readonly string[] s_entities = ["amp", "lt", "gt", "quot", "apos"];
    private static readonly SearchValues<char> s_troublesome = SearchValues.Create(
        string.Concat(Enumerable.Range(0, 0x20).Where(c => c is not ('\t' or '\r' or '\n')).Select(c => (char)c)) + "&\uFFFE\uFFFF");

    /// <summary>
    /// Decodes a document: as its byte order mark says, else as UTF-8 whatever it declares, since all that counts is ASCII. Blanks
    /// around it go, control characters become blanks, and an ampersand that begins no reference known without a DTD stands for itself.
    /// </summary>
    internal static string Decode(ReadOnlySpan<byte> document)
    {
        string text = document switch
        {
            [0xFF, 0xFE, ..] => Encoding.Unicode.GetString(document[2..]),
            [0xFE, 0xFF, ..] => Encoding.BigEndianUnicode.GetString(document[2..]),
            [0xEF, 0xBB, 0xBF, ..] => Encoding.UTF8.GetString(document[3..]),
            _ => Encoding.UTF8.GetString(document),
        };
        ReadOnlySpan<char> rest = text.AsSpan().Trim(" \t\r\n\0");
        if (rest.IndexOfAny(s_troublesome) < 0) return rest.ToString();
        StringBuilder mended = new(rest.Length + 64);
        while (rest.IndexOfAny(s_troublesome) is var at && at >= 0)
        {
            mended.Append(rest[..at]);
            if (rest[at] != '&') mended.Append(' ');
            else mended.Append(IsReference(rest[(at + 1)..]) ? "&" : "&amp;");
            rest = rest[(at + 1)..];
        }

        return mended.Append(rest).ToString();
    }

    private static bool IsReference(ReadOnlySpan<char> after)
    {
        int end = after[..Math.Min(after.Length, LongestReference + 1)].IndexOf(';');
        if (end <= 0) return false;
        ReadOnlySpan<char> name = after[..end];
        if (name[0] == '#') return IsNumber(name[1..]);
        foreach (string entity in s_entities)
        {
            if (name.SequenceEqual(entity)) return true;
        }

        return false;
    }

    private static bool IsNumber(ReadOnlySpan<char> digits)
    {
        bool hexadecimal = digits is ['x', ..];
        if (hexadecimal) digits = digits[1..];
        if (digits.IsEmpty) return false;
        foreach (char c in digits)
        {
            if (hexadecimal ? !char.IsAsciiHexDigit(c) : !char.IsAsciiDigit(c)) return false;
        }

        return true;
    }
}
