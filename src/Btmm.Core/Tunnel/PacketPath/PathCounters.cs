namespace Btmm.Core.Tunnel;

/// <summary>The packet path's counters: each field is written by one pump, or interlocked where several threads write.</summary>
internal sealed class PathCounters
{
    // Outbound pump.
    public long DroppedNotIpv6, DroppedNoPeer, DroppedTooBig;

    // Inbound pump.
    public long PacketsIn, DroppedUnknownSpi, DroppedMalformed, DroppedReplay, DroppedNotAuthentic, DroppedInner, Dummies,
        KeepalivesIn, IkeIn, IkeDropped, TunWriteFailures;

    // Interlocked.
    public long PacketsOut, DroppedNotSealed, SendFailures, KeepalivesOut, IcmpSent, EventsDropped;

    public PacketPathCounters Snapshot() => new(
        Volatile.Read(ref PacketsOut),
        Volatile.Read(ref PacketsIn),
        Volatile.Read(ref DroppedNotIpv6),
        Volatile.Read(ref DroppedNoPeer),
        Volatile.Read(ref DroppedTooBig),
        Volatile.Read(ref DroppedNotSealed),
        Volatile.Read(ref SendFailures),
        Volatile.Read(ref DroppedUnknownSpi),
        Volatile.Read(ref DroppedMalformed),
        Volatile.Read(ref DroppedReplay),
        Volatile.Read(ref DroppedNotAuthentic),
        Volatile.Read(ref DroppedInner),
        Volatile.Read(ref Dummies),
        Volatile.Read(ref KeepalivesIn),
        Volatile.Read(ref KeepalivesOut),
        Volatile.Read(ref IkeIn),
        Volatile.Read(ref IkeDropped),
        Volatile.Read(ref TunWriteFailures),
        Volatile.Read(ref IcmpSent),
        Volatile.Read(ref EventsDropped));
}
