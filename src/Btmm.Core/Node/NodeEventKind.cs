namespace Btmm.Core.Node;

/// <summary>What a <see cref="NodeEvent"/> tells. Names are stable: the daemon prints them in lower case with hyphens.</summary>
public enum NodeEventKind
{
    /// <summary>The node runs: interface, address and socket are there.</summary>
    Started,

    /// <summary>Something that a former run left behind was undone.</summary>
    Recovered,

    /// <summary>The way to the internet changed.</summary>
    NetworkChanged,

    /// <summary>The host can be reached from outside at an endpoint.</summary>
    MappingReady,

    /// <summary>The host cannot be reached from outside.</summary>
    MappingLost,

    /// <summary>The way to the internet was examined, and the verdict is another one than before.</summary>
    GatewayExamined,

    /// <summary>Something that came in the gateway's name is refused: it is forged, broken or hostile. Each kind once on a network.</summary>
    GatewayAnswerRefused,

    /// <summary>The host's records are in the zone.</summary>
    Published,

    /// <summary>The host's records were renewed before their lease ended.</summary>
    Renewed,

    /// <summary>The host's records were removed.</summary>
    Withdrawn,

    /// <summary>The zone service answers.</summary>
    ZoneReachable,

    /// <summary>Changes of the zone are learnt of in another way than before, or in the first one.</summary>
    ZoneWatched,

    /// <summary>The zone service does not answer, or refuses.</summary>
    ZoneUnreachable,

    /// <summary>A peer's records appeared.</summary>
    PeerSeen,

    /// <summary>A peer's records changed.</summary>
    PeerChanged,

    /// <summary>A peer's records are gone.</summary>
    PeerGone,

    /// <summary>A tunnel to a peer is being set up.</summary>
    TunnelConnecting,

    /// <summary>A tunnel carries packets.</summary>
    TunnelUp,

    /// <summary>The other end of a tunnel is reached at another endpoint.</summary>
    TunnelMoved,

    /// <summary>The keys of a tunnel were renewed.</summary>
    TunnelRekeyed,

    /// <summary>The peer of a tunnel does not answer at present.</summary>
    TunnelUnresponsive,

    /// <summary>A tunnel is closed, or an attempt failed.</summary>
    TunnelDown,

    /// <summary>Something did not work; the rest goes on.</summary>
    Problem,

    /// <summary>The node is going down.</summary>
    Stopping,

    /// <summary>The node is down and everything is undone.</summary>
    Stopped,
}
