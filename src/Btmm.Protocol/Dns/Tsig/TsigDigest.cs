using System.Buffers.Binary;
using System.Security.Cryptography;
using Btmm.Protocol.Wire;

namespace Btmm.Protocol.Dns.Tsig;

/// <summary>The pieces that a TSIG digest is made of (RFC 8945 §4.3), and the record that carries it.</summary>
internal static class TsigDigest
{
    private const int MaxTrailer = (2 * DnsNameWire.MaxLength) + 24;
    private const int FixedRecordSize = 26;

    /// <summary>The most bytes that a TSIG record takes.</summary>
    public static int RecordSize(int nameLength, int algorithmLength, int macLength, int otherLength)
        => nameLength + algorithmLength + macLength + otherLength + FixedRecordSize;

    /// <summary>The MAC of the request or of the message before, with its size.</summary>
    public static void AppendPriorMac(TsigMac mac, ReadOnlySpan<byte> prior)
    {
        Span<byte> size = stackalloc byte[sizeof(ushort)];
        BinaryPrimitives.WriteUInt16BigEndian(size, (ushort)prior.Length);
        mac.Append(size);
        mac.Append(prior);
    }

    /// <summary>The message without TSIG record, with the original id (§4.3.2).</summary>
    /// <param name="mac">The hash.</param>
    /// <param name="message">The message without its TSIG record.</param>
    /// <param name="originalId">The id at the signer's.</param>
    /// <param name="tsigRecords">How many TSIG records the header still counts, 0 or 1.</param>
    public static void AppendMessage(TsigMac mac, ReadOnlySpan<byte> message, ushort originalId, int tsigRecords)
    {
        Span<byte> header = stackalloc byte[DnsHeader.Size];
        message[..DnsHeader.Size].CopyTo(header);
        BinaryPrimitives.WriteUInt16BigEndian(header, originalId);
        Span<byte> count = header[10..];
        BinaryPrimitives.WriteUInt16BigEndian(count, (ushort)(BinaryPrimitives.ReadUInt16BigEndian(count) - tsigRecords));
        mac.Append(header);
        mac.Append(message[DnsHeader.Size..]);
    }

    /// <summary>The TSIG variables (§4.3.3); names in canonical form.</summary>
    public static void AppendVariables(
        TsigMac mac, ReadOnlySpan<byte> keyName, ReadOnlySpan<byte> algorithm, ulong time, ushort fudge, TsigError error, ReadOnlySpan<byte> other)
    {
        Span<byte> buffer = stackalloc byte[MaxTrailer];
        Span<byte> lower = stackalloc byte[DnsNameWire.MaxLength];
        var writer = new WireWriter(buffer);
        DnsNameWire.ToLower(keyName, lower);
        writer.TryWriteBytes(lower[..keyName.Length]);
        writer.TryWriteUInt16((ushort)DnsClass.ANY);
        writer.TryWriteUInt32(0);
        DnsNameWire.ToLower(algorithm, lower);
        writer.TryWriteBytes(lower[..algorithm.Length]);
        writer.TryWriteUInt48(time);
        writer.TryWriteUInt16(fudge);
        writer.TryWriteUInt16((ushort)error);
        writer.TryWriteUInt16((ushort)other.Length);
        mac.Append(writer.Written);
        mac.Append(other);
    }

    /// <summary>The TSIG timers, all that later messages of a stream digest (§5.3.1).</summary>
    public static void AppendTimers(TsigMac mac, ulong time, ushort fudge)
    {
        Span<byte> buffer = stackalloc byte[8];
        var writer = new WireWriter(buffer);
        writer.TryWriteUInt48(time);
        writer.TryWriteUInt16(fudge);
        mac.Append(buffer);
    }

    /// <summary>Compares what was received with as many bytes of what it should be, in constant time.</summary>
    public static bool Equals(TsigMac mac, ReadOnlySpan<byte> received)
    {
        Span<byte> expected = stackalloc byte[TsigKeyLimits.MaxMac];
        int length = mac.Finish(expected);
        return received.Length <= length && CryptographicOperations.FixedTimeEquals(expected[..received.Length], received);
    }

    /// <summary>Whether a time signed lies within its fudge of the own clock, both ends included; no number wraps.</summary>
    public static bool IsTimely(ulong timeSigned, ushort fudge, DateTimeOffset now)
        => Math.Abs(now.ToUnixTimeSeconds() - (long)timeSigned) <= fudge;

    /// <summary>Appends a TSIG record to a message and counts it in the header.</summary>
    public static bool TryAppend(
        Span<byte> buffer, int length, ReadOnlySpan<byte> keyName, ReadOnlySpan<byte> algorithm, ulong time, ushort fudge,
        ReadOnlySpan<byte> mac, ushort originalId, TsigError error, ReadOnlySpan<byte> other, out int written)
    {
        written = 0;
        int size = RecordSize(keyName.Length, algorithm.Length, mac.Length, other.Length);
        if (length < DnsHeader.Size || length + size > Math.Min(buffer.Length, DnsMessage.MaxSize)) return false;
        var writer = new WireWriter(buffer.Slice(length, size));
        writer.TryWriteBytes(keyName);
        writer.TryWriteUInt16((ushort)DnsType.TSIG);
        writer.TryWriteUInt16((ushort)DnsClass.ANY);
        writer.TryWriteUInt32(0);
        writer.TryWriteUInt16((ushort)(size - keyName.Length - 10));
        writer.TryWriteBytes(algorithm);
        writer.TryWriteUInt48(time);
        writer.TryWriteUInt16(fudge);
        writer.TryWriteUInt16((ushort)mac.Length);
        writer.TryWriteBytes(mac);
        writer.TryWriteUInt16(originalId);
        writer.TryWriteUInt16((ushort)error);
        writer.TryWriteUInt16((ushort)other.Length);
        writer.TryWriteBytes(other);
        Span<byte> count = buffer.Slice(10, sizeof(ushort));
        BinaryPrimitives.WriteUInt16BigEndian(count, (ushort)(BinaryPrimitives.ReadUInt16BigEndian(count) + 1));
        written = length + size;
        return true;
    }
}
