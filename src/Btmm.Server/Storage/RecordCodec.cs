using System.Buffers;
using System.Buffers.Binary;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;

namespace Btmm.Server.Storage;

/// <summary>
/// Records as bytes for a database: wire form without compression. Names that are compared without regard to case also have a
/// form in lower case, which is the key of a row. Holds no state.
/// </summary>
internal static class RecordCodec
{
    // name length (1), name, type (2), TTL (4), data length (2), data
    private const int FixedSize = 9;

    /// <summary>A record's data as it is.</summary>
    internal static byte[] Encode(DnsData data) => Encode(data, DnsNameForm.Whole);

    /// <summary>A record's data with its names in lower case: the same for data that are equal.</summary>
    internal static byte[] Key(DnsData data) => Encode(data, DnsNameForm.Canonical);

    /// <summary>Reads data of a type.</summary>
    internal static DnsData? Decode(DnsType type, ReadOnlySpan<byte> bytes) =>
        DnsData.TryRead(bytes, type, 0, bytes.Length, out DnsData? data) ? data : null;

    /// <summary>Writes several records one after the other.</summary>
    internal static byte[] EncodeList(IReadOnlyList<DnsRecord> records)
    {
        using var stream = new MemoryStream();
        Span<byte> numbers = stackalloc byte[FixedSize - 1];
        foreach (DnsRecord record in records)
        {
            byte[] data = Encode(record.Data);
            stream.WriteByte((byte)record.Name.WireLength);
            stream.Write(record.Name.Wire);
            BinaryPrimitives.WriteUInt16BigEndian(numbers, (ushort)record.Type);
            BinaryPrimitives.WriteUInt32BigEndian(numbers[2..], record.Ttl);
            BinaryPrimitives.WriteUInt16BigEndian(numbers[6..], (ushort)data.Length);
            stream.Write(numbers);
            stream.Write(data);
        }

        return stream.ToArray();
    }

    /// <summary>Reads what <see cref="EncodeList"/> wrote; null when it is damaged.</summary>
    internal static List<DnsRecord>? DecodeList(ReadOnlySpan<byte> bytes)
    {
        var records = new List<DnsRecord>();
        while (!bytes.IsEmpty)
        {
            int nameLength = bytes[0];
            if (bytes.Length < FixedSize + nameLength || !DnsName.TryFromWire(bytes.Slice(1, nameLength), out DnsName? name))
                return null;
            ReadOnlySpan<byte> numbers = bytes[(1 + nameLength)..];
            var type = (DnsType)BinaryPrimitives.ReadUInt16BigEndian(numbers);
            uint ttl = BinaryPrimitives.ReadUInt32BigEndian(numbers[2..]);
            int length = BinaryPrimitives.ReadUInt16BigEndian(numbers[6..]);
            bytes = bytes[(FixedSize + nameLength)..];
            if (bytes.Length < length || Decode(type, bytes[..length]) is not { } data)
                return null;
            records.Add(new DnsRecord(name, type, DnsClass.IN, ttl, data));
            bytes = bytes[length..];
        }

        return records;
    }

    private static byte[] Encode(DnsData data, DnsNameForm names)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(DnsHeader.Size + DnsMessage.MaxSize);
        try
        {
            var writer = new DnsMessageWriter(buffer, names: names);
            return data.TryWrite(ref writer)
                ? buffer[DnsHeader.Size..writer.Length]
                : throw new InvalidOperationException($"Data of type {data.Type} does not fit into a message.");
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
