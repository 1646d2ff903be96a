using System.Net;
using Btmm.Core.Tunnel.Sessions;

namespace Btmm.PowerShell.Output;

/// <summary>The tunnel to one peer, at one moment.</summary>
public sealed class BtmmTunnel
{
    private readonly TunnelStatus _status;

    internal BtmmTunnel(TunnelStatus status, string jobName, Guid jobInstanceId)
    {
        _status = status;
        JobName = jobName;
        JobInstanceId = jobInstanceId;
    }

    /// <summary>The peer's label.</summary>
    public string Peer => FullName.Split('.', 2)[0];

    /// <summary>The peer's full name.</summary>
    public string FullName => _status.Name;

    /// <summary>The peer's identifier.</summary>
    public IPAddress Address => _status.Peer;

    /// <summary>What the tunnel is doing.</summary>
    public TunnelState State => _status.State;

    /// <summary>Since when.</summary>
    public DateTimeOffset Since => _status.Since;

    /// <summary>Where the peer is reached.</summary>
    public IPEndPoint? Endpoint => _status.Endpoint;

    /// <summary>When the last authentic packet came from the peer.</summary>
    public DateTimeOffset? LastHeard => _status.LastHeard;

    /// <summary>Payload bytes received.</summary>
    public long BytesIn => _status.BytesIn;

    /// <summary>Payload bytes sent.</summary>
    public long BytesOut => _status.BytesOut;

    /// <summary>Packets received.</summary>
    public long PacketsIn => _status.PacketsIn;

    /// <summary>Packets sent.</summary>
    public long PacketsOut => _status.PacketsOut;

    /// <summary>Why the last attempt or tunnel ended, if one did.</summary>
    public string? LastReason => _status.LastReason?.ToString();

    /// <summary>The job that keeps the tunnel.</summary>
    public string JobName { get; }

    internal Guid JobInstanceId { get; }

    /// <inheritdoc/>
    public override string ToString() => $"{FullName} {State}";
}
