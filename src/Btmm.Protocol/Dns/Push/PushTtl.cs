namespace Btmm.Protocol.Dns.Push;

/// <summary>What the TTL field of a change notification means (RFC 8765 §6.3.1).</summary>
internal static class PushTtl
{
    /// <summary>The highest TTL of a record that is added.</summary>
    internal const uint MaxAdded = 0x7FFF_FFFF;

    /// <summary>A record is removed.</summary>
    internal const uint Removed = 0xFFFF_FFFF;

    /// <summary>All records of a set, class or name are removed.</summary>
    internal const uint CollectivelyRemoved = 0xFFFF_FFFE;
}
