using System.Buffers.Binary;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;

namespace Btmm.Server.Storage.Sqlite;

/// <summary>
/// Records as bytes for the file: wire form without compression. Names that are compared without regard to case also have a
/// form in lower case, which is the key of a row. Holds no state.
/// </summary>
internal static class RecordCodec
{
    // name length (1), name, type (2), TTL (4), data length (2), data
    private const int FixedSize = 9;
    private const int SoaNumbers = 5 * sizeof(uint);
    private const int SrvNumbers = 3 * sizeof(ushort);

    /// <summary>A record's data as it is.</summary>
    internal static byte[] Encode(DnsData data) => Encode(data, static name => name.Wire);

    /// <summary>A record's data with its names in lower case: the same for data that are equal.</summary>
    internal static byte[] Key(DnsData data) => Encode(data, static name => name.ToLower().Wire);

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

    private delegate ReadOnlySpan<byte> NameForm(DnsName name);

    private static byte[] Encode(DnsData data, NameForm form)
    {
        switch (data)
        {
            case NsData ns:
                return form(ns.NameServer).ToArray();
            case CnameData cname:
                return form(cname.Target).ToArray();
            case PtrData ptr:
                return form(ptr.Target).ToArray();
            case SrvData srv:
                byte[] service = [.. new byte[SrvNumbers], .. form(srv.Target)];
                BinaryPrimitives.WriteUInt16BigEndian(service, srv.Priority);
                BinaryPrimitives.WriteUInt16BigEndian(service.AsSpan(2), srv.Weight);
                BinaryPrimitives.WriteUInt16BigEndian(service.AsSpan(4), srv.Port);
                return service;
            case SoaData soa:
                return EncodeSoa(soa, form);
            default:
                return EncodePlain(data);
        }
    }

    private static byte[] EncodeSoa(SoaData soa, NameForm form)
    {
        byte[] bytes = [.. form(soa.PrimaryServer), .. form(soa.Mailbox), .. new byte[SoaNumbers]];
        Span<byte> numbers = bytes.AsSpan(bytes.Length - SoaNumbers);
        foreach (uint number in (ReadOnlySpan<uint>)[soa.Serial, soa.Refresh, soa.Retry, soa.Expire, soa.Minimum])
        {
            BinaryPrimitives.WriteUInt32BigEndian(numbers, number);
            numbers = numbers[sizeof(uint)..];
        }

        return bytes;
    }

    // Data without names.
    private static byte[] EncodePlain(DnsData data)
    {
        byte[] buffer = System.Buffers.ArrayPool<byte>.Shared.Rent(DnsMessage.MaxSize);
        try
        {
            var writer = new DnsMessageWriter(buffer);
            return data.TryWrite(ref writer)
                ? buffer[DnsHeader.Size..writer.Length]
                : throw new InvalidOperationException($"Data of type {data.Type} does not fit into a message.");
        }
        finally
        {
            System.Buffers.ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
