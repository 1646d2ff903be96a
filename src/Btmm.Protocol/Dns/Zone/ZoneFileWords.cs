using System.Buffers.Text;
using System.Text;

namespace Btmm.Protocol.Dns.Zone;

/// <summary>The single words of zone files: types, classes, times to live.</summary>
internal static class ZoneFileWords
{
    // RFC 2181 §8.
    private const uint MaxTtl = int.MaxValue;

    private const int LongestMnemonic = 10;

    /// <summary>A type's name: its mnemonic where there is a text form, else TYPE and its number (RFC 3597 §5).</summary>
    public static string NameOf(DnsType type) => RdataLayout.TryFind(type, out _) ? type.ToString() : $"TYPE{(ushort)type}";

    /// <summary>Reads a type's name.</summary>
    public static bool TryReadType(ReadOnlySpan<byte> text, out DnsType type)
    {
        type = DnsType.None;
        if (TryReadNumbered(text, "TYPE"u8, out ushort number))
        {
            type = (DnsType)number;
            return true;
        }

        // An enumeration's parser takes numbers and lists as well.
        return text.Length is > 0 and <= LongestMnemonic && char.IsAsciiLetter((char)text[0]) && !text.Contains((byte)',')
            && Enum.TryParse(Encoding.Latin1.GetString(text), ignoreCase: true, out type) && Enum.IsDefined(type);
    }

    /// <summary>Whether a type is one for questions and transactions, which no zone can hold (RFC 6895 §3.1).</summary>
    public static bool IsMeta(DnsType type) => type is DnsType.None or DnsType.OPT || (ushort)type is >= 128 and <= 255;

    /// <summary>Reads a class's name.</summary>
    public static bool TryReadClass(ReadOnlySpan<byte> text, out DnsClass @class)
    {
        bool isNumbered = TryReadNumbered(text, "CLASS"u8, out ushort number);
        @class = isNumbered ? (DnsClass)number : DnsClass.IN;
        if (isNumbered || Ascii.EqualsIgnoreCase(text, "IN"u8)) return true;
        @class = DnsClass.CH;
        return Ascii.EqualsIgnoreCase(text, "CH"u8) || Ascii.EqualsIgnoreCase(text, "HS"u8) || Ascii.EqualsIgnoreCase(text, "CS"u8);
    }

    /// <summary>Reads seconds, or a sum such as 1h30m of weeks, days, hours, minutes and seconds.</summary>
    public static bool TryReadSeconds(ReadOnlySpan<byte> text, out uint seconds)
    {
        seconds = 0;
        if (text.IsEmpty) return false;
        ulong sum = 0;
        while (!text.IsEmpty)
        {
            if (!TryReadDigits(ref text, out ulong number)) return false;
            if (text.IsEmpty && sum > 0) return false; // "1h30"
            ulong unit = text.IsEmpty ? 1 : UnitOf(text[0]);
            if (unit == 0) return false;
            sum += number * unit;
            if (sum > uint.MaxValue) return false;
            text = text.IsEmpty ? text : text[1..];
        }

        seconds = (uint)sum;
        return true;
    }

    /// <summary>Reads a time to live (RFC 2181 §8: 31 bits).</summary>
    public static bool TryReadTtl(ReadOnlySpan<byte> text, out uint ttl) => TryReadSeconds(text, out ttl) && ttl <= MaxTtl;

    /// <summary>Reads a whole number, digits only.</summary>
    public static bool TryReadNumber(ReadOnlySpan<byte> text, uint max, out uint number)
    {
        bool isNumber = TryReadDigits(ref text, out ulong value) && text.IsEmpty && value <= max;
        number = isNumber ? (uint)value : 0;
        return isNumber;
    }

    private static bool TryReadNumbered(ReadOnlySpan<byte> text, ReadOnlySpan<byte> prefix, out ushort number)
    {
        number = 0;
        if (text.Length <= prefix.Length || !Ascii.EqualsIgnoreCase(text[..prefix.Length], prefix)) return false;
        bool isNumber = TryReadNumber(text[prefix.Length..], ushort.MaxValue, out uint value);
        number = (ushort)value;
        return isNumber;
    }

    private static bool TryReadDigits(ref ReadOnlySpan<byte> text, out ulong number)
    {
        const int MaxDigits = 10;
        number = 0;
        int count = 0;
        while (count < text.Length && char.IsAsciiDigit((char)text[count])) count++;
        if (count is 0 or > MaxDigits) return false;
        bool isNumber = Utf8Parser.TryParse(text[..count], out number, out int used) && used == count;
        text = text[count..];
        return isNumber;
    }

    private static ulong UnitOf(byte letter) => (letter | 0x20) switch
    {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        'w' => 604_800,
        _ => 0,
    };
}
