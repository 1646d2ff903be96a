namespace Btmm.Protocol.Ike.Exchanges;

/// <summary>Comparison of nonces for collisions (RFC 7296 §2.8.1): octet by octet, the shorter of equal beginnings is lower.</summary>
internal static class IkeNonces
{
    public const int Size = 32;

    public static byte[] Lowest(byte[] first, byte[] second) => Compare(first, second) <= 0 ? first : second;

    public static int Compare(byte[] first, byte[] second) => first.AsSpan().SequenceCompareTo(second);
}
