using System.Net;

namespace Btmm.PowerShell.Output;

/// <summary>A port that a gateway forwards to this host.</summary>
public sealed class NatPmpMapping
{
    /// <summary>The transport protocol.</summary>
    public required PortProtocol Protocol { get; init; }

    /// <summary>The port on this host.</summary>
    public required int InternalPort { get; init; }

    /// <summary>The port on the gateway's public side; the gateway may have chosen another than was asked for.</summary>
    public required int ExternalPort { get; init; }

    /// <summary>The gateway's address on its public side, or null when it did not tell.</summary>
    public IPAddress? ExternalAddress { get; init; }

    /// <summary>The gateway.</summary>
    public required IPAddress Gateway { get; init; }

    /// <summary>How long the gateway granted the mapping.</summary>
    public required TimeSpan Lifetime { get; init; }

    /// <summary>When the mapping ends unless it is renewed.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }

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
    public string Method { get; init; } = "NatPmp";

    internal bool IsSamePort(NatPmpMapping other) =>
        Protocol == other.Protocol && InternalPort == other.InternalPort && Gateway.Equals(other.Gateway);
}
