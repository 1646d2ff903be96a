using System.Buffers;
using System.Globalization;
using System.Net;
using System.Text;
using Btmm.Protocol.Dns.Data;
using Btmm.Protocol.Wire;

namespace Btmm.Protocol.Dns.Zone;

/// <summary>
/// Writes records as the lines of a zone file: owners relative to the origin, names in data absolute, types without a text form
/// as RFC 3597 §5 says. What it writes is ASCII, and <see cref="ZoneFileParser"/> reads the same records from it. Thread-safe.
/// </summary>
/// <param name="origin">The zone's name.</param>
public sealed class ZoneFileWriter(DnsName origin)
{
    /// <summary>The line that comes before all others.</summary>
    public string Header => $"$ORIGIN {Absolute(origin)}";

    /// <summary>A record's line, without its end.</summary>
    /// <param name="record">A record of class IN.</param>
    /// <exception cref="ArgumentException">The record has another class or is of a type that no zone can hold.</exception>
    public string ToLine(DnsRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        if (record.Class != DnsClass.IN || ZoneFileWords.IsMeta(record.Type))
            throw new ArgumentException($"A zone file cannot hold {record}.", nameof(record));
        var line = new StringBuilder();
        line.Append(CultureInfo.InvariantCulture, $"{Owner(record.Name)}\t{record.Ttl}\tIN\t{ZoneFileWords.NameOf(record.Type)}\t");
        byte[] buffer = ArrayPool<byte>.Shared.Rent(DnsHeader.Size + DnsMessage.MaxSize);
        var writer = new DnsMessageWriter(buffer, names: DnsNameForm.Whole);
        if (!record.Data.TryWrite(ref writer)) throw new ArgumentException("The data are longer than 65,535 bytes.", nameof(record));
        AppendData(line, record.Type, buffer.AsSpan(DnsHeader.Size, writer.Length - DnsHeader.Size));
        ArrayPool<byte>.Shared.Return(buffer);
        return line.ToString();
    }

    private static string Absolute(DnsName name) => name.IsRoot ? "." : name + ".";

    private string Owner(DnsName name)
    {
        if (name == origin) return "@";
        if (origin.IsRoot || !name.IsSubdomainOf(origin)) return Absolute(name);
        return string.Join('.', name.GetLabels().Take(name.LabelCount - origin.LabelCount));
    }

    private static void AppendData(StringBuilder line, DnsType type, ReadOnlySpan<byte> data)
    {
        int start = line.Length;
        if (RdataLayout.TryFind(type, out ReadOnlySpan<RdataField> fields) && TryAppendFields(line, fields, data)) return;
        // Also for data that do not follow their type's layout, which an update may have brought.
        line.Length = start;
        line.Append(CultureInfo.InvariantCulture, $"\\# {data.Length}");
        if (!data.IsEmpty) line.Append(' ').Append(Convert.ToHexStringLower(data));
    }

    private static bool TryAppendFields(StringBuilder line, ReadOnlySpan<RdataField> fields, ReadOnlySpan<byte> data)
    {
        var reader = new WireReader(data);
        for (int i = 0; i < fields.Length; i++)
        {
            if (i > 0) line.Append(' ');
            if (!TryAppend(line, fields[i], ref reader)) return false;
        }

        return reader.Remaining == 0;
    }

    private static bool TryAppend(StringBuilder line, RdataField field, ref WireReader reader)
    {
        switch (field)
        {
            case RdataField.Number8:
                return reader.TryReadByte(out byte small) && Append(line, small);
            case RdataField.Number16:
                return reader.TryReadUInt16(out ushort medium) && Append(line, medium);
            case RdataField.Number32 or RdataField.Seconds:
                return reader.TryReadUInt32(out uint number) && Append(line, number);
            case RdataField.Name:
                return DnsNameWire.TrySkip(reader.Rest, 0, out int end) && DnsName.TryFromWire(reader.Rest[..end], out DnsName? name)
                    && reader.TrySkip(end) && Append(line, Absolute(name));
            case RdataField.Text:
                return TryReadText(ref reader, out ReadOnlySpan<byte> text) && Append(line, CharacterString.Quote(text));
            case RdataField.Texts:
                return TryAppendTexts(line, ref reader);
            case RdataField.Tag:
                return TryReadText(ref reader, out ReadOnlySpan<byte> tag) && RdataParser.IsTag(tag) && Append(line, Encoding.ASCII.GetString(tag));
            case RdataField.TextToEnd:
                return Append(line, CharacterString.Quote(TakeRest(ref reader)));
            case RdataField.Hex:
                return reader.Remaining > 0 && Append(line, Convert.ToHexStringLower(TakeRest(ref reader)));
            case RdataField.Base64:
                return reader.Remaining > 0 && Append(line, Convert.ToBase64String(TakeRest(ref reader)));
            case RdataField.Address4:
                return reader.TryReadBytes(4, out ReadOnlySpan<byte> ipv4) && Append(line, new IPAddress(ipv4));
            default:
                return reader.TryReadBytes(16, out ReadOnlySpan<byte> ipv6) && Append(line, new IPAddress(ipv6));
        }
    }

    private static bool TryAppendTexts(StringBuilder line, ref WireReader reader)
    {
        do
        {
            if (!TryReadText(ref reader, out ReadOnlySpan<byte> text)) return false;
            line.Append(CharacterString.Quote(text)).Append(reader.Remaining > 0 ? " " : string.Empty);
        }
        while (reader.Remaining > 0);
        return true;
    }

    private static bool TryReadText(ref WireReader reader, out ReadOnlySpan<byte> text)
    {
        text = default;
        return reader.TryReadByte(out byte length) && reader.TryReadBytes(length, out text);
    }

    private static ReadOnlySpan<byte> TakeRest(ref WireReader reader)
    {
        reader.TryReadBytes(reader.Remaining, out ReadOnlySpan<byte> rest);
        return rest;
    }

    private static bool Append<T>(StringBuilder line, T value)
    {
        line.Append(CultureInfo.InvariantCulture, $"{value}");
        return true;
    }
}
