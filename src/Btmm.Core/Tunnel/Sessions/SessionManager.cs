using System.Net;
using System.Threading.Channels;

namespace Btmm.Core.Tunnel.Sessions;

/// <summary>
/// Keeps tunnels to peers: drives IKE over the node's one socket, installs its SAs into the packet path, follows peers and this
/// host as they move, connects again when needed. Thread-safe.
/// </summary>
public sealed class SessionManager : IAsyncDisposable
{
    /// <summary>State changes; bounded, the oldest are dropped when nobody reads. Completed by <see cref="DisposeAsync"/>.</summary>
    public ChannelReader<TunnelEvent> Events => throw new NotImplementedException();

    /// <summary>Starts the driver's loop.</summary>
    public void Start() => throw new NotImplementedException();

    /// <summary>Replaces the list of peers. A peer that left is disconnected; a changed endpoint is tried at once.</summary>
    public void UpdatePeers(IReadOnlyList<TunnelPeer> peers) => throw new NotImplementedException();

    /// <summary>Wants a tunnel to the peer from now on, for as long as there is traffic.</summary>
    public void RequestTunnel(IPAddress peer) => throw new NotImplementedException();

    /// <summary>This host's addresses or gateway changed: tell all peers at once.</summary>
    /// <param name="local">This host's address and port as it knows them itself; null when unknown.</param>
    public void NotifyNetworkChanged(IPEndPoint? local) => throw new NotImplementedException();

    /// <summary>Renews the ESP keys with a peer.</summary>
    public void RekeyChild(IPAddress peer) => throw new NotImplementedException();

    /// <summary>Renews the IKE keys with a peer.</summary>
    public void RekeyIke(IPAddress peer) => throw new NotImplementedException();

    /// <summary>Closes the tunnel to a peer; new traffic may bring it back.</summary>
    public void CloseTunnel(IPAddress peer) => throw new NotImplementedException();

    /// <summary>Snapshots of all peers' tunnels.</summary>
    public IReadOnlyList<TunnelStatus> GetTunnels() => throw new NotImplementedException();

    /// <summary>Deletes all SAs, waits for the peers' answers for at most <see cref="SessionManagerOptions.CloseTimeout"/>.</summary>
    public ValueTask DisposeAsync() => throw new NotImplementedException();
}
