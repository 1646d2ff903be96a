namespace Btmm.Core.Tunnel.Sessions;

/// <summary>What a <see cref="TunnelEvent"/> tells.</summary>
public enum TunnelEventKind
{
    /// <summary>The state of the tunnel changed.</summary>
    StateChanged,

    /// <summary>The peer is reached at another endpoint.</summary>
    EndpointChanged,

    /// <summary>The ESP keys were renewed.</summary>
    ChildRekeyed,

    /// <summary>The IKE keys were renewed.</summary>
    IkeRekeyed,
}
