using Btmm.Core.Contracts;
using Btmm.Protocol.Packets;

namespace Btmm.Core.Tunnel;

/// <summary>Answers packets of this host with ICMPv6 errors through the TUN device, rate-limited. Thread-safe.</summary>
internal sealed class IcmpResponder(ITunDevice tun, TimeProvider time, int perSecond, PathCounters counters)
{
    private readonly Lock _gate = new();
    private readonly PacketBatch _batch = new(2 * Icmpv6Error.MaxLength, 1);
    private double _tokens = perSecond;
    private long _filled = time.GetTimestamp();

    /// <summary>Tells the sender of the packet that its destination cannot be reached.</summary>
    public void Unreachable(byte code, ReadOnlySpan<byte> packet) =>
        Send(Icmpv6Error.DestinationUnreachable, code, 0, packet);

    /// <summary>Tells the sender of the packet the MTU.</summary>
    public void TooBig(int mtu, ReadOnlySpan<byte> packet) => Send(Icmpv6Error.PacketTooBig, 0, (uint)mtu, packet);

    private void Send(byte type, byte code, uint parameter, ReadOnlySpan<byte> packet)
    {
        if (!Icmpv6Error.IsAllowed(packet)) return;
        lock (_gate)
        {
            if (!TryTakeToken()) return;
            _batch.Clear();
            if (!_batch.TryReserve(Icmpv6Error.MaxLength, out int offset)) return;
            int length = Icmpv6Error.Write(type, code, parameter, packet, _batch.Buffer.AsSpan(offset, Icmpv6Error.MaxLength));
            if (length == 0) return;
            _batch.Add(offset, length);
            if (tun.Write(_batch) == 1) Interlocked.Increment(ref counters.IcmpSent);
        }
    }

    private bool TryTakeToken()
    {
        long now = time.GetTimestamp();
        _tokens = Math.Min(perSecond, _tokens + (time.GetElapsedTime(_filled, now).TotalSeconds * perSecond));
        _filled = now;
        if (_tokens < 1) return false;
        _tokens--;
        return true;
    }
}
