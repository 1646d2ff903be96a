namespace Btmm.Core.Dns.Push;

/// <summary>How a <see cref="PushClient"/> behaves. Immutable.</summary>
public sealed record PushClientOptions
{
    /// <summary>
    /// How long a connection may be silent before a keepalive is sent, if the server agrees; a server that does not answer one is
    /// taken for gone. Default 60 s: a few bytes a minute keep NAT mappings open and tell soon of a server that has vanished.
    /// </summary>
    public TimeSpan KeepaliveInterval { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a connection without subscriptions stays open, if the server agrees. Default 15 s.</summary>
    public TimeSpan InactivityTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long connecting, and sending a message, may take. Default 10 s.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The longest wait before a server that failed is tried again; the first is 1 s. Default 5 min.</summary>
    public TimeSpan MaxRetryDelay { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>When a server that turned out to have no such service is tried again (RFC 8490 §6.6.3.3). Default 1 h.</summary>
    public TimeSpan UnsupportedRetryInterval { get; init; } = TimeSpan.FromHours(1);

    /// <summary>How often a zone that does not offer the service is asked whether it does now. Default 15 min.</summary>
    public TimeSpan ProbeInterval { get; init; } = TimeSpan.FromMinutes(15);
}
