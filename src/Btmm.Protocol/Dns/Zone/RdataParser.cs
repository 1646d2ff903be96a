using System.Buffers;
using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Btmm.Protocol.Dns.Data;
using Btmm.Protocol.Wire;

namespace Btmm.Protocol.Dns.Zone;

/// <summary>
/// Reads a record's data from the words of an entry: into wire form by the type's layout, then from there like any other data,
/// so that both ways have the same checks. Keeps a buffer; not thread-safe.
/// </summary>
internal sealed class RdataParser(ZoneFileTokenizer tokenizer)
{
    private static readonly SearchValues<byte> s_tagBytes = SearchValues.Create("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-"u8);

    private readonly byte[] _data = new byte[ushort.MaxValue];
    private readonly ArrayBufferWriter<byte> _joined = new();
    private int _next;

    /// <summary>What is wrong with the data last read, and with which word.</summary>
    public (int Token, string Message) Problem { get; private set; }

    /// <summary>Reads the words from one on to the entry's last.</summary>
    public bool TryRead(DnsType type, int firstToken, DnsName origin, [NotNullWhen(true)] out DnsData? data)
    {
        data = null;
        _next = firstToken;
        var writer = new WireWriter(_data);
        bool isGeneric = firstToken < tokenizer.Tokens.Count && IsGeneric(tokenizer.Tokens[firstToken]);
        if (isGeneric ? !TryGeneric(ref writer) : !TryFields(type, origin, ref writer)) return false;
        if (_next < tokenizer.Tokens.Count) return Fail("More than the record's data.");
        if (DnsData.TryRead(writer.Written, type, 0, writer.Position, out data)) return true;
        _next = firstToken;
        return Fail($"These are no data of type {ZoneFileWords.NameOf(type)}.");
    }

    private bool IsGeneric(ZoneFileToken token) => !token.IsQuoted && tokenizer.TextOf(token).SequenceEqual("\\#"u8);

    // RFC 3597 §5: the length, then that many bytes in hexadecimal, for any type.
    private bool TryGeneric(ref WireWriter writer)
    {
        _next++;
        if (!TryNumber(ushort.MaxValue, out uint length)) return false;
        int start = _next;
        if (length > 0 && !TryHex(ref writer)) return false;
        if (writer.Position == length) return true;
        _next = start - 1;
        return Fail($"There are {writer.Position} bytes of data, not {length}.");
    }

    private bool TryFields(DnsType type, DnsName origin, ref WireWriter writer)
    {
        if (!RdataLayout.TryFind(type, out ReadOnlySpan<RdataField> fields))
            return Fail($"Data of type {ZoneFileWords.NameOf(type)} must be given in the form \\# length hexadecimal.");
        foreach (RdataField field in fields)
        {
            if (_next >= tokenizer.Tokens.Count) return Fail("The record's data are incomplete.");
            if (!TryField(field, origin, ref writer)) return false;
        }

        return true;
    }

    private bool TryField(RdataField field, DnsName origin, ref WireWriter writer) => field switch
    {
        RdataField.Number8 => TryNumber(byte.MaxValue, out uint number) && Room(writer.TryWriteByte((byte)number)),
        RdataField.Number16 => TryNumber(ushort.MaxValue, out uint number) && Room(writer.TryWriteUInt16((ushort)number)),
        RdataField.Number32 => TryNumber(uint.MaxValue, out uint number) && Room(writer.TryWriteUInt32(number)),
        RdataField.Seconds => ZoneFileWords.TryReadSeconds(Take(), out uint seconds) ? Room(writer.TryWriteUInt32(seconds)) : FailBack("Not a time."),
        RdataField.Name => TryName(origin, ref writer),
        RdataField.Text => TryText(ref writer),
        RdataField.Texts => TryTexts(ref writer),
        RdataField.Tag => TryTag(ref writer),
        RdataField.TextToEnd => TryTextToEnd(ref writer),
        RdataField.Hex => TryHex(ref writer),
        RdataField.Base64 => TryBase64(ref writer),
        RdataField.Address4 => TryAddress(AddressFamily.InterNetwork, ref writer),
        _ => TryAddress(AddressFamily.InterNetworkV6, ref writer),
    };

    private bool TryNumber(uint max, out uint number)
    {
        number = 0;
        if (_next >= tokenizer.Tokens.Count) return Fail("A number is missing.");
        return ZoneFileWords.TryReadNumber(Take(), max, out number) || FailBack($"Not a number from 0 to {max}.");
    }

    private bool TryName(DnsName origin, ref WireWriter writer)
    {
        ZoneFileToken token = tokenizer.Tokens[_next];
        ReadOnlySpan<byte> text = Take();
        DnsName? name = origin;
        bool isOrigin = !token.IsQuoted && text.SequenceEqual("@"u8);
        if (!isOrigin && !DnsName.TryParse(text, origin, out name)) return FailBack("Not a domain name.");
        return Room(writer.TryWriteBytes(name.Wire));
    }

    private bool TryText(ref WireWriter writer)
    {
        Span<byte> text = stackalloc byte[byte.MaxValue];
        if (!CharacterString.TryUnescape(Take(), text, out int length)) return FailBack("Not a string of at most 255 bytes.");
        return Room(writer.TryWriteByte((byte)length) && writer.TryWriteBytes(text[..length]));
    }

    private bool TryTexts(ref WireWriter writer)
    {
        do
        {
            if (!TryText(ref writer)) return false;
        }
        while (_next < tokenizer.Tokens.Count);
        return true;
    }

    /// <summary>Whether a property's name can be written without quotes.</summary>
    internal static bool IsTag(ReadOnlySpan<byte> text) => !text.IsEmpty && !text.ContainsAnyExcept(s_tagBytes);

    private bool TryTag(ref WireWriter writer)
    {
        ReadOnlySpan<byte> text = Take();
        if (text.Length > byte.MaxValue || !IsTag(text)) return FailBack("Not a property: letters and digits only.");
        return Room(writer.TryWriteByte((byte)text.Length) && writer.TryWriteBytes(text));
    }

    private bool TryTextToEnd(ref WireWriter writer)
    {
        if (!CharacterString.TryUnescape(Take(), writer.Free, out int length)) return FailBack("Not a string.");
        return writer.TryReserve(length, out _);
    }

    private bool TryHex(ref WireWriter writer)
    {
        int first = _next;
        ReadOnlySpan<byte> digits = TakeRest();
        if (digits.IsEmpty || digits.Length % 2 != 0) return FailAt(first, "Not an even number of hexadecimal digits.");
        if (!writer.TryReserve(digits.Length / 2, out Span<byte> slot)) return FailAt(first, "The data are longer than 65,535 bytes.");
        return Convert.FromHexString(digits, slot, out _, out _) == OperationStatus.Done || FailAt(first, "Not hexadecimal digits.");
    }

    private bool TryBase64(ref WireWriter writer)
    {
        int first = _next;
        if (Base64.DecodeFromUtf8(TakeRest(), writer.Free, out _, out int length) != OperationStatus.Done) return FailAt(first, "Not base64.");
        return writer.TryReserve(length, out _);
    }

    private bool TryAddress(AddressFamily family, ref WireWriter writer)
    {
        ReadOnlySpan<byte> text = Take();
        bool isAddress = text.Length <= 45 && !text.Contains((byte)'%') && IPAddress.TryParse(Encoding.Latin1.GetString(text), out IPAddress? address)
            && address.AddressFamily == family && IsPlain(text, family)
            && writer.TryReserve(family == AddressFamily.InterNetwork ? 4 : 16, out Span<byte> slot) && address.TryWriteBytes(slot, out _);
        return isAddress || FailBack(family == AddressFamily.InterNetwork ? "Not an IPv4 address." : "Not an IPv6 address.");
    }

    // The library's parser also takes "1", "0x7f.1", "010.0.0.1" and "[::1]", which other servers read differently or not at all.
    private static bool IsPlain(ReadOnlySpan<byte> text, AddressFamily family)
    {
        if (family == AddressFamily.InterNetworkV6) return !text.Contains((byte)'[');
        if (text.Count((byte)'.') != 3 || text.ContainsAnyExcept("0123456789."u8)) return false;
        for (int i = 0; i + 1 < text.Length; i++)
        {
            bool begins = i == 0 || text[i - 1] == '.';
            if (begins && text[i] == '0' && text[i + 1] != '.') return false;
        }

        return true;
    }

    private ReadOnlySpan<byte> Take() => tokenizer.TextOf(tokenizer.Tokens[_next++]);

    private ReadOnlySpan<byte> TakeRest()
    {
        _joined.ResetWrittenCount();
        while (_next < tokenizer.Tokens.Count) _joined.Write(Take());
        return _joined.WrittenSpan;
    }

    private bool Room(bool isWritten) => isWritten || FailBack("The data are longer than 65,535 bytes.");

    private bool FailBack(string message) => FailAt(_next - 1, message);

    private bool Fail(string message) => FailAt(_next, message);

    private bool FailAt(int token, string message)
    {
        Problem = (token, message);
        return false;
    }
}
