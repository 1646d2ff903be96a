using System.Net;

namespace Btmm.Core.Tunnel;

/// <summary>What the packet path knows of one peer. The pumps read it without a lock; changes are made under <see cref="Gate"/>.</summary>
internal sealed class PeerState(IPAddress identifier)
{
    /// <summary>Guards the waiting packets and every change of the properties.</summary>
    public readonly Lock Gate = new();

    // Inbound: written by the inbound pump. Outbound: interlocked. Read by anybody.
    public long PacketsIn, BytesIn, PacketsOut, BytesOut, LastInbound, LastOutbound, LastKeepalive, WaitingDropped;

    private volatile SaEntry? _sending;
    private volatile SocketAddress? _endpoint;

    public IPAddress Identifier { get; } = identifier;

    public UInt128 Address { get; } = InnerAddress.From(identifier);

    /// <summary>The SA over which packets go; null while there is none.</summary>
    public SaEntry? Sending { get => _sending; set => _sending = value; }

    /// <summary>Where packets are sent; null while unknown. Never changed in place.</summary>
    public SocketAddress? Endpoint { get => _endpoint; set => _endpoint = value; }

    /// <summary>All installed SAs, oldest first; under the table's lock.</summary>
    public List<SaEntry> Pairs { get; } = [];

    /// <summary>Whether the peer is in the list given by <see cref="ISecurityAssociationTable.SetPeers"/>; under the table's lock.</summary>
    public bool IsListed { get; set; }

    /// <summary>Packets that wait for a tunnel, oldest first; under <see cref="Gate"/>.</summary>
    public Queue<WaitingPacket> Waiting { get; } = new();

    /// <summary>When a tunnel was last asked for; 0 for never. Under <see cref="Gate"/>.</summary>
    public long LastWanted { get; set; }

    /// <summary>The endpoint last reported as new, and when; used by the inbound pump alone.</summary>
    public SocketAddress? ReportedMove { get; set; }

    /// <summary>When <see cref="ReportedMove"/> was reported.</summary>
    public long ReportedAt { get; set; }
}

/// <summary>A packet that waits for a tunnel.</summary>
/// <param name="Packet">Its own copy.</param>
/// <param name="Since">Timestamp of its arrival.</param>
internal readonly record struct WaitingPacket(byte[] Packet, long Since);
