namespace Btmm.Core.Peers;

/// <summary>How a <see cref="RecordPublisher"/> behaves. Immutable.</summary>
public sealed record RecordPublisherOptions
{
    /// <summary>The lease asked for: 30 min to 2 h, 90 min by default.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromMinutes(90);

    /// <summary>How long further changes of the endpoint are awaited before one is published. Default 10 ms.</summary>
    public TimeSpan CoalesceTime { get; init; } = TimeSpan.FromMilliseconds(10);

    /// <summary>First wait after a failure; doubles up to <see cref="MaxRetryDelay"/>. Default 1 s.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Longest wait between attempts. Default 1 min.</summary>
    public TimeSpan MaxRetryDelay { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Upper limit of a random wait before the first publication (RFC 9664 §4.3), for machines that all start together after
    /// a power failure. Default none.
    /// </summary>
    public TimeSpan MaxFirstDelay { get; init; }

    /// <summary>How long <see cref="RecordPublisher.WithdrawAsync"/> tries. Default 3 s.</summary>
    public TimeSpan WithdrawTimeout { get; init; } = TimeSpan.FromSeconds(3);
}
