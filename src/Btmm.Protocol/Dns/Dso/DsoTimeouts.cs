using System.Buffers.Binary;

namespace Btmm.Protocol.Dns.Dso;

/// <summary>The two timeouts of a DSO session (RFC 8490 §6.2) as on the wire: milliseconds, all ones for never.</summary>
/// <param name="InactivityMilliseconds">How long a session without operations may stay open.</param>
/// <param name="KeepaliveMilliseconds">How long the session may be silent.</param>
public readonly record struct DsoTimeouts(uint InactivityMilliseconds, uint KeepaliveMilliseconds)
{
    /// <summary>The value that stands for "never".</summary>
    public const uint Infinite = uint.MaxValue;

    /// <summary>The shortest keepalive interval that a server may ask for, milliseconds (§6.5.2).</summary>
    public const uint MinKeepaliveMilliseconds = 10_000;

    /// <summary>Bytes of a Keepalive TLV's data (§7.1).</summary>
    public const int Size = 8;

    /// <summary>What holds before anything was said: 15 s each (§6.2).</summary>
    public static DsoTimeouts Default { get; } = new(15_000, 15_000);

    /// <summary>How long a session without operations may stay open; null for ever.</summary>
    public TimeSpan? Inactivity => ToTime(InactivityMilliseconds);

    /// <summary>How long the session may be silent; null for ever.</summary>
    public TimeSpan? Keepalive => ToTime(KeepaliveMilliseconds);

    /// <summary>Makes timeouts of times; null stands for "never".</summary>
    /// <param name="inactivity">How long a session without operations may stay open.</param>
    /// <param name="keepalive">How long the session may be silent.</param>
    public static DsoTimeouts From(TimeSpan? inactivity, TimeSpan? keepalive) => new(FromTime(inactivity), FromTime(keepalive));

    /// <summary>Reads a Keepalive TLV's data.</summary>
    /// <param name="data">The data.</param>
    /// <param name="timeouts">The timeouts.</param>
    public static bool TryRead(ReadOnlySpan<byte> data, out DsoTimeouts timeouts)
    {
        timeouts = default;
        if (data.Length != Size) return false;
        timeouts = new DsoTimeouts(BinaryPrimitives.ReadUInt32BigEndian(data), BinaryPrimitives.ReadUInt32BigEndian(data[4..]));
        return true;
    }

    private static TimeSpan? ToTime(uint milliseconds) => milliseconds == Infinite ? null : TimeSpan.FromMilliseconds(milliseconds);

    private static uint FromTime(TimeSpan? time) =>
        time is { } finite ? (uint)Math.Clamp(finite.TotalMilliseconds, 0, Infinite - 1) : Infinite;
}
