using System.Net;
using Btmm.Core.Peers;
using Btmm.Protocol.Identity;

namespace Btmm.PowerShell.Output;

/// <summary>A host of the account.</summary>
public sealed class BtmmPeer
{
    internal BtmmPeer(PeerRecord record)
        : this(record.Name, record.Identifier, record.Endpoint, record.Device)
    {
    }

    internal BtmmPeer(Core.Peers.BtmmPeer peer)
        : this(peer.Name, peer.Identifier, peer.Endpoint, peer.Device)
    {
        LastChange = peer.LastChange;
    }

    private BtmmPeer(string fullName, IPAddress address, IPEndPoint? endpoint, DeviceInfo device)
    {
        FullName = fullName;
        Name = fullName.Split('.', 2)[0];
        Address = address;
        Endpoint = endpoint;
        Device = device;
    }

    /// <summary>The host's label: <c>studio</c>.</summary>
    public string Name { get; }

    /// <summary>The host's full name: <c>studio.alice.members.example.net</c>.</summary>
    public string FullName { get; }

    /// <summary>Its identifier, the IPv6 address that tunnels lead to.</summary>
    public IPAddress Address { get; }

    /// <summary>Where it can be reached from outside; null when its records do not say.</summary>
    public IPEndPoint? Endpoint { get; }

    /// <summary>What it tells about itself.</summary>
    public DeviceInfo Device { get; }

    /// <summary>The device's model, when it tells.</summary>
    public string? Model => Device.Model;

    /// <summary>When its records last changed, as seen by this session; null when they were read once.</summary>
    public DateTimeOffset? LastChange { get; }

    /// <inheritdoc/>
    public override string ToString() => FullName;
}
