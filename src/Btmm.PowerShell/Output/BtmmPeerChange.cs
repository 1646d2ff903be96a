using System.Net;
using Btmm.Core.Peers;

namespace Btmm.PowerShell.Output;

/// <summary>A change of the account's hosts, as Watch-BtmmPeer shows it.</summary>
public sealed class BtmmPeerChange
{
    internal BtmmPeerChange(PeerChangeKind change, BtmmPeer peer, DateTimeOffset time)
    {
        Change = change;
        Peer = peer;
        Time = time;
    }

    /// <summary>When it was seen.</summary>
    public DateTimeOffset Time { get; }

    /// <summary>Whether the host appeared, changed or went.</summary>
    public PeerChangeKind Change { get; }

    /// <summary>The host after the change, or as it last was.</summary>
    public BtmmPeer Peer { get; }

    /// <summary>The host's label.</summary>
    public string Name => Peer.Name;

    /// <summary>The host's identifier.</summary>
    public IPAddress Address => Peer.Address;

    /// <summary>Where the host can be reached.</summary>
    public IPEndPoint? Endpoint => Peer.Endpoint;

    /// <inheritdoc/>
    public override string ToString() => $"{Change} {Name}";
}
