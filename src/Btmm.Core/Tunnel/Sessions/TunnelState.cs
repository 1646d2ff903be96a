namespace Btmm.Core.Tunnel.Sessions;

/// <summary>What the tunnel to one peer is doing.</summary>
public enum TunnelState
{
    /// <summary>No tunnel, and none is wanted yet.</summary>
    Idle,

    /// <summary>A tunnel is wanted but the peer's endpoint is not known.</summary>
    WaitingForEndpoint,

    /// <summary>Keys are being agreed.</summary>
    Connecting,

    /// <summary>Packets flow.</summary>
    Up,

    /// <summary>The tunnel exists but the peer does not answer at present.</summary>
    Unresponsive,

    /// <summary>The last attempt failed; the next one is waiting for its time.</summary>
    Failed,
}
