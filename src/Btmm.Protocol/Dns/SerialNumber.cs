using System.Globalization;

namespace Btmm.Protocol.Dns;

/// <summary>A zone's serial number with the arithmetic of RFC 1982 (32 bits).</summary>
/// <param name="Value">The number.</param>
public readonly record struct SerialNumber(uint Value)
{
    private const uint Half = 0x8000_0000;

    /// <summary>The next serial; 0 is skipped (RFC 2136 §7.11).</summary>
    public SerialNumber Next => new(Value == uint.MaxValue ? 1 : Value + 1);

    /// <summary>
    /// Whether this serial is later than another. False for equal ones and for two exactly 2^31 apart, whose order is
    /// undefined (§3.2).
    /// </summary>
    /// <param name="other">The other serial.</param>
    public bool IsLaterThan(SerialNumber other)
    {
        uint distance = unchecked(Value - other.Value);
        return distance is > 0 and < Half;
    }

    /// <inheritdoc/>
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}
