using System.Net;
using Btmm.Protocol.Ike;

namespace Btmm.Core.Tunnel.Sessions;

/// <summary>What the manager knows of one peer. Guarded by the manager's lock.</summary>
internal sealed class PeerSession(IPAddress identifier, string name, DateTimeOffset now)
{
    public IPAddress Identifier { get; } = identifier;

    public string Name { get; } = name;

    /// <summary>Whether the caller named this peer; others came by themselves and go with their tunnel.</summary>
    public bool IsListed { get; set; }

    /// <summary>Where the peer's records say it is.</summary>
    public IPEndPoint? RecordEndpoint { get; set; }

    /// <summary>Where the tunnel reaches it.</summary>
    public IPEndPoint? TunnelEndpoint { get; set; }

    public TunnelState State { get; set; }

    public DateTimeOffset Since { get; set; } = now;

    public IkeCloseReason? LastReason { get; set; }

    /// <summary>Until when a tunnel is wanted.</summary>
    public TimeSpan WantedUntil { get; set; } = TimeSpan.MinValue;

    /// <summary>When the next attempt may start.</summary>
    public TimeSpan NextAttemptAt { get; set; } = TimeSpan.MinValue;

    /// <summary>The wait before the attempt after that.</summary>
    public TimeSpan RetryDelay { get; set; }

    /// <summary>Packets in both directions at the last look.</summary>
    public long PacketsIn { get; set; }

    public long PacketsOut { get; set; }

    /// <summary>Whether the peer was asked for a sign of life since it was last heard.</summary>
    public bool IsSilenceChecked { get; set; } = true;

    /// <summary>Packets received on the pairs in use at the last look.</summary>
    public Dictionary<uint, long> SaPacketsIn { get; } = [];

    /// <summary>Whether an IKE SA is up or coming up.</summary>
    public bool HasSession => State is TunnelState.Connecting or TunnelState.Up or TunnelState.Unresponsive;
}
