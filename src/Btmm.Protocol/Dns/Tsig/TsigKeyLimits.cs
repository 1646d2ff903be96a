namespace Btmm.Protocol.Dns.Tsig;

internal static class TsigKeyLimits
{
    /// <summary>The longest MAC of any algorithm, bytes (HMAC-SHA512).</summary>
    public const int MaxMac = 64;

    /// <summary>Messages without TSIG that a stream may have between two with one (RFC 8945 §5.3.1).</summary>
    public const int MaxUnsignedInStream = 99;

    /// <summary>Bytes of the server's time in Other Data (§5.2.3).</summary>
    public const int ServerTimeSize = 6;
}
