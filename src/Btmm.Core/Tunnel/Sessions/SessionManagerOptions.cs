using Btmm.Protocol.Ike;

namespace Btmm.Core.Tunnel.Sessions;

/// <summary>How a <see cref="SessionManager"/> behaves. Immutable.</summary>
public sealed record SessionManagerOptions
{
    /// <summary>Identity, identifier, algorithms and timers of IKE.</summary>
    public required IkeOptions Ike { get; init; }

    /// <summary>The account's key for IKE: at least 16 random bytes.</summary>
    public required ReadOnlyMemory<byte> PreSharedKey { get; init; }

    /// <summary>
    /// The account's domain. When given, a host below it that proves the account's key is let in before its records are seen here
    /// (it has just started, or started anew with another identifier). Null: only hosts that are listed.
    /// </summary>
    public string? AccountDomain { get; init; }

    /// <summary>Payload bytes in both directions after which a child SA is rekeyed. Default 256 GiB.</summary>
    public long ChildByteLimit { get; init; } = 256L << 30;

    /// <summary>First wait before a failed connection is tried again; doubles up to <see cref="MaxRetryDelay"/>. Default 1 s.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Longest wait between attempts while a tunnel is wanted. Default 30 s.</summary>
    public TimeSpan MaxRetryDelay { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a tunnel that was asked for stays wanted without traffic. Default 5 min.</summary>
    public TimeSpan WantedFor { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How often traffic counters are looked at while tunnels are up. Default 1 s.</summary>
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long packets may go out without any coming in before the peer is asked for a sign of life. Default 3 s.</summary>
    public TimeSpan OneWayTrafficLimit { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>How long <see cref="SessionManager.DisposeAsync"/> waits for peers to confirm the deletion. Default 2 s.</summary>
    public TimeSpan CloseTimeout { get; init; } = TimeSpan.FromSeconds(2);
}
