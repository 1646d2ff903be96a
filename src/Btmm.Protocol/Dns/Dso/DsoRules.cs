using Btmm.Protocol.Dns.Edns;

namespace Btmm.Protocol.Dns.Dso;

/// <summary>Rules of RFC 8490 that concern both ends of a session. Holds no state.</summary>
public static class DsoRules
{
    // RFC 7828 §3.1.
    private const ushort TcpKeepaliveOption = 11;

    // RFC 8490 §6.4.1 and §6.6.1.
    private static readonly TimeSpan s_shortestPatience = TimeSpan.FromSeconds(5);

    /// <summary>How long a client is given to close the connection after a Retry Delay message (§6.6.1).</summary>
    public static TimeSpan CloseTime => s_shortestPatience;

    /// <summary>
    /// Whether a message must not come over a session: one with an edns-tcp-keepalive option, which is a fatal error (§7.1.2).
    /// </summary>
    /// <param name="edns">What the message's OPT record says.</param>
    public static bool IsForbidden(EdnsInfo? edns) => edns is not null && edns.Options.Any(static option => option.Code == TcpKeepaliveOption);

    /// <summary>After what time without operations a server ends a session: 5 s or twice the timeout (§6.4.1).</summary>
    /// <param name="timeouts">The session's timeouts.</param>
    public static TimeSpan? InactivityPatience(DsoTimeouts timeouts) =>
        timeouts.Inactivity is not { } timeout ? null : timeout * 2 < s_shortestPatience ? s_shortestPatience : timeout * 2;

    /// <summary>After what time of silence a server ends a session: twice the interval (§6.5.1).</summary>
    /// <param name="timeouts">The session's timeouts.</param>
    public static TimeSpan? SilencePatience(DsoTimeouts timeouts) => timeouts.Keepalive * 2;
}
