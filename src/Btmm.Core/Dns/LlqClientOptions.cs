namespace Btmm.Core.Dns;

/// <summary>How an <see cref="LlqClient"/> behaves. Immutable.</summary>
public sealed record LlqClientOptions
{
    /// <summary>The lease asked for a long-lived query: 15 min to 2 h. Default 2 h.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromHours(2);

    /// <summary>
    /// How often the zone's serial is asked for on the socket of the long-lived queries: keeps NAT mappings open and tells of
    /// changes that no event told of. Default 25 s.
    /// </summary>
    public TimeSpan KeepaliveInterval { get; init; } = TimeSpan.FromSeconds(25);

    /// <summary>How long after an event its record set is confirmed by a query. Default 2 s.</summary>
    public TimeSpan ConfirmDelay { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The shortest interval between two polls of a record set, when its TTL is shorter. Default 30 s.</summary>
    public TimeSpan PollFloor { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The longest interval between two polls of a record set, when its TTL is longer. Default 15 min.</summary>
    public TimeSpan PollCeiling { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>How soon a server without long-lived queries is asked again whether it has them (RFC 8764 §5.1). Default 1 h.</summary>
    public TimeSpan SetupRetryInterval { get; init; } = TimeSpan.FromHours(1);

    /// <summary>The longest wait before a silent service is looked for again; the first is 1 s. Default 15 s.</summary>
    public TimeSpan MaxRetryDelay { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long disposing waits for the server to confirm the end of the queries. Default 1 s.</summary>
    public TimeSpan EndTimeout { get; init; } = TimeSpan.FromSeconds(1);
}
