using System.Net;
using Btmm.Core.NatTraversal;

namespace Btmm.PowerShell.Output;

/// <summary>A port that a gateway forwards to this host, or of IPv6 lets through to it.</summary>
public sealed class NatPmpMapping
{
    internal NatPmpMapping(PortMapping mapping, IPAddress? externalAddress = null)
    {
        Mapping = mapping;
        ExternalAddress = externalAddress ?? mapping.ExternalAddress;
    }

    /// <summary>The transport protocol.</summary>
    public PortMappingProtocol Protocol => Mapping.Protocol;

    /// <summary>The port on this host.</summary>
    public int InternalPort => Mapping.InternalPort;

    /// <summary>The port on the gateway's public side; the gateway may have chosen another than was asked for.</summary>
    public int ExternalPort => Mapping.ExternalPort;

    /// <summary>The gateway's address on its public side, or null when it did not tell; of an IPv6 pinhole, this host's own.</summary>
    public IPAddress? ExternalAddress { get; }

    /// <summary>The gateway.</summary>
    public IPAddress Gateway => Mapping.Gateway;

    /// <summary>The protocol that made the mapping.</summary>
    public PortMappingMethod Method => Mapping.Method;

    /// <summary>How long the gateway granted the mapping; of one that is permanent, how long it is relied upon.</summary>
    public TimeSpan Lifetime => Mapping.Lifetime;

    /// <summary>Whether the gateway keeps the mapping until it is removed, because it knows no lifetimes.</summary>
    public bool IsPermanent => Mapping.IsPermanent;

    /// <summary>Whether it was only asked for: the session ended, or was stopped, before the gateway answered.</summary>
    public bool IsPending => Mapping.Lifetime == TimeSpan.Zero;

    /// <summary>When the mapping ends unless it is renewed; the end of time for one that is permanent.</summary>
    public DateTimeOffset ExpiresAt => IsPermanent ? DateTimeOffset.MaxValue : Mapping.ExpiresAt;

    /// <summary>Time left, never negative; endless for one that is permanent.</summary>
    public TimeSpan ExpiresIn
    {
        get
        {
            if (IsPermanent) return TimeSpan.MaxValue;
            TimeSpan left = ExpiresAt - TimeProvider.System.GetUtcNow();
            return left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }
    }

    internal PortMapping Mapping { get; }

    internal bool IsSamePort(NatPmpMapping other) => Method == other.Method && Mapping.IsSamePortAs(other.Mapping);

    /// <inheritdoc/>
    public override string ToString() => ExternalAddress is null
        ? $"{Protocol} {InternalPort} at port {ExternalPort}"
        : $"{Protocol} {InternalPort} at {new IPEndPoint(ExternalAddress, ExternalPort)}";
}
