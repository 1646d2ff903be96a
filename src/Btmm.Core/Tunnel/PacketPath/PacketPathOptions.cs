using Btmm.Protocol.Esp;

namespace Btmm.Core.Tunnel;

/// <summary>The packet path's tunables. Immutable.</summary>
public sealed record PacketPathOptions
{
    /// <summary>The most packets that wait for one peer's tunnel.</summary>
    public int WaitingPackets { get; init; } = 64;

    /// <summary>How long a packet waits at most; then it is dropped and its sender told that the peer is unreachable.</summary>
    public TimeSpan WaitingTime { get; init; } = TimeSpan.FromSeconds(8);

    /// <summary>How long nothing is sent to a peer before a NAT keepalive is (RFC 3948 §4).</summary>
    public TimeSpan KeepaliveInterval { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Whether NAT keepalives are sent at all.</summary>
    public bool SendKeepalives { get; init; } = true;

    /// <summary>IKE messages that wait for their reader at most; more are dropped and counted.</summary>
    public int IkeQueueLength { get; init; } = 256;

    /// <summary>The longest IKE message accepted, in bytes.</summary>
    public int MaxIkeMessage { get; init; } = 16384;

    /// <summary>ICMPv6 errors sent to this host per second at most (RFC 4443 §2.4 f).</summary>
    public int IcmpPerSecond { get; init; } = 100;

    /// <summary>Packets sent on one SA after which <see cref="PacketPathEvent.SequenceNearlyExhausted"/> asks for a new one.</summary>
    public ulong RekeyAfterPackets { get; init; } = EspConstants.SoftPacketLimit;

    /// <summary>Bytes of each of the two pumps' buffers.</summary>
    public int BatchBytes { get; init; } = 512 * 1024;

    /// <summary>Packets of each of the two pumps' batches at most.</summary>
    public int BatchPackets { get; init; } = 512;
}
