namespace Btmm.Protocol.NatTraversal.Stun;

/// <summary>The check sum of STUN messages: CRC-32, exclusive-or "STUN" (RFC 8489 §14.7).</summary>
internal static class StunFingerprint
{
    private const uint Mask = 0x5354_554E;
    private const uint Polynomial = 0xEDB8_8320;

    private static readonly uint[] s_table = [.. Enumerable.Range(0, 256).Select(static value => Shift((uint)value))];

    /// <summary>The value for the bytes before the attribute, whose header already counts it in its length.</summary>
    public static uint Compute(ReadOnlySpan<byte> message)
    {
        uint crc = uint.MaxValue;
        foreach (byte value in message) crc = s_table[(byte)(crc ^ value)] ^ (crc >> 8);
        return ~crc ^ Mask;
    }

    private static uint Shift(uint value)
    {
        for (int bit = 0; bit < 8; bit++) value = (value & 1) != 0 ? (value >> 1) ^ Polynomial : value >> 1;
        return value;
    }
}
