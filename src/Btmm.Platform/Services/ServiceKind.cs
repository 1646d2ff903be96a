namespace Btmm.Platform.Services;

/// <summary>What a service runs.</summary>
public enum ServiceKind
{
    /// <summary>The zone service.</summary>
    Zone,

    /// <summary>A node: this host's mapping, records and tunnels.</summary>
    Node,
}
