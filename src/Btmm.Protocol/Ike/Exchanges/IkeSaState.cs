namespace Btmm.Protocol.Ike.Exchanges;

/// <summary>Where an IKE SA is in its life.</summary>
internal enum IkeSaState
{
    /// <summary>Started here, the peer is not authenticated yet.</summary>
    Connecting,

    /// <summary>Started by the peer, which is not authenticated yet.</summary>
    HalfOpen,

    /// <summary>In use.</summary>
    Established,

    /// <summary>Made by a rekey that collides with another: not decided yet which one stays (RFC 7296 §2.8.2).</summary>
    Pending,

    /// <summary>Another IKE SA took its place; kept until its deletion is agreed.</summary>
    Replaced,

    /// <summary>Being deleted by this side.</summary>
    Closing,

    /// <summary>Gone; kept for a while only to repeat its last response.</summary>
    Lingering,

    /// <summary>Gone.</summary>
    Closed,
}
