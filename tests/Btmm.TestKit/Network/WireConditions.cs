namespace Btmm.TestKit;

/// <summary>How a <see cref="VirtualWire"/> treats datagrams. All zero: a perfect wire without delay.</summary>
public sealed record WireConditions
{
    /// <summary>The share of datagrams that is lost, 0..1.</summary>
    public double Loss { get; init; }

    /// <summary>The share of datagrams that arrives twice, 0..1.</summary>
    public double Duplication { get; init; }

    /// <summary>The share of datagrams that is held back for <see cref="ReorderDelay"/> more, 0..1.</summary>
    public double Reordering { get; init; }

    /// <summary>The time every datagram takes.</summary>
    public TimeSpan Latency { get; init; }

    /// <summary>How much longer a datagram takes that is to be overtaken.</summary>
    public TimeSpan ReorderDelay { get; init; } = TimeSpan.FromMilliseconds(50);
}
