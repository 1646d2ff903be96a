using System.Net;
using Btmm.Core.NatTraversal;

namespace Btmm.PowerShell.Output;

/// <summary>A port that a gateway forwards to this host.</summary>
public sealed class NatPmpMapping
{
    internal NatPmpMapping(PortMapping mapping, IPAddress? externalAddress)
    {
        Mapping = mapping;
        ExternalAddress = externalAddress;
    }

    /// <summary>The transport protocol.</summary>
    public PortMappingProtocol Protocol => Mapping.Protocol;

    /// <summary>The port on this host.</summary>
    public int InternalPort => Mapping.InternalPort;

    /// <summary>The port on the gateway's public side; the gateway may have chosen another than was asked for.</summary>
    public int ExternalPort => Mapping.ExternalPort;

    /// <summary>The gateway's address on its public side, or null when it did not tell.</summary>
    public IPAddress? ExternalAddress { get; }

    /// <summary>The gateway.</summary>
    public IPAddress Gateway => Mapping.Gateway;

    /// <summary>How long the gateway granted the mapping.</summary>
    public TimeSpan Lifetime => Mapping.Lifetime;

    /// <summary>When the mapping ends unless it is renewed.</summary>
    public DateTimeOffset ExpiresAt => Mapping.ExpiresAt;

    /// <summary>Time left, never negative.</summary>
    public TimeSpan ExpiresIn
    {
        get
        {
            TimeSpan left = ExpiresAt - TimeProvider.System.GetUtcNow();
            return left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }
    }

    /// <summary>The protocol that made the mapping.</summary>
    public PortMappingMethod Method => Mapping.Method;

    internal PortMapping Mapping { get; }

    internal bool IsSamePort(NatPmpMapping other) =>
        Protocol == other.Protocol && InternalPort == other.InternalPort && Gateway.Equals(other.Gateway);

    /// <inheritdoc/>
    public override string ToString() => $"{Protocol} {InternalPort} at {ExternalAddress}:{ExternalPort}";
}
