using System.Buffers.Binary;
using Btmm.Protocol.Dns;

namespace Btmm.Server.Storage.Postgres;

/// <summary>The parts of a step that are not lists of records, as bytes for the journal. Holds no state.</summary>
internal static class StepCodec
{
    private const long NoLease = long.MinValue;

    // A thousand years, in microseconds.
    private const long MaxLease = 1000L * 366 * 86_400 * 1_000_000;

    /// <summary>
    /// Eight bytes a record: microseconds from <paramref name="now"/> to the end of its lease.
    /// </summary>
    internal static byte[] EncodeLeases(IEnumerable<StoredRecord> records, DateTimeOffset now)
    {
        byte[] bytes = new byte[records.Count() * sizeof(long)];
        Span<byte> rest = bytes;
        foreach (StoredRecord item in records)
        {
            BinaryPrimitives.WriteInt64BigEndian(rest, Remaining(item, now) ?? NoLease);
            rest = rest[sizeof(long)..];
        }

        return bytes;
    }

    /// <summary>Microseconds from <paramref name="now"/> to the end of a record's lease; null when it has none.</summary>
    internal static long? Remaining(StoredRecord item, DateTimeOffset now) => item.LeaseEnd is { } end ? (end - now).Ticks / TimeSpan.TicksPerMicrosecond : null;

    /// <summary>Puts records and leases together again; null when they do not fit together.</summary>
    /// <param name="records">The records.</param>
    /// <param name="leases">Their leases, and maybe those of others after them.</param>
    /// <param name="start">What the leases count from.</param>
    internal static List<StoredRecord>? Join(IReadOnlyList<DnsRecord> records, ReadOnlySpan<byte> leases, DateTimeOffset start)
    {
        if (leases.Length < records.Count * sizeof(long))
            return null;
        var joined = new List<StoredRecord>(records.Count);
        foreach (DnsRecord record in records)
        {
            long lease = BinaryPrimitives.ReadInt64BigEndian(leases);
            if (lease != NoLease && lease is (< -MaxLease or > MaxLease))
                return null;
            joined.Add(new StoredRecord(record, lease == NoLease ? null : start.AddTicks(lease * TimeSpan.TicksPerMicrosecond)));
            leases = leases[sizeof(long)..];
        }

        return joined;
    }

    /// <summary>Rcode (2), length of the MAC (1), MAC, one update after the other.</summary>
    internal static byte[] EncodeUpdates(IReadOnlyList<SignedUpdate> updates)
    {
        using var stream = new MemoryStream();
        foreach (SignedUpdate update in updates)
        {
            stream.WriteByte((byte)((int)update.Rcode >> 8));
            stream.WriteByte((byte)update.Rcode);
            stream.WriteByte((byte)update.Mac.Length);
            stream.Write(update.Mac.Span);
        }

        return stream.ToArray();
    }

    /// <summary>Reads what <see cref="EncodeUpdates"/> wrote; null when it is damaged.</summary>
    internal static List<SignedUpdate>? DecodeUpdates(ReadOnlySpan<byte> bytes)
    {
        var updates = new List<SignedUpdate>();
        while (!bytes.IsEmpty)
        {
            if (bytes.Length < 3 || bytes.Length < 3 + bytes[2])
                return null;
            updates.Add(new SignedUpdate(bytes.Slice(3, bytes[2]).ToArray(), (DnsRcode)BinaryPrimitives.ReadUInt16BigEndian(bytes)));
            bytes = bytes[(3 + bytes[2])..];
        }

        return updates;
    }
}
