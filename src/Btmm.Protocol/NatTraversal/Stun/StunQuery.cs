using System.Net;

namespace Btmm.Protocol.NatTraversal.Stun;

/// <summary>What to ask of a STUN server, and how patiently. Immutable.</summary>
/// <param name="Server">Where the request is sent.</param>
public sealed record StunQuery(IPEndPoint Server)
{
    // ---- ours ----

    /// <summary>Twice in the first second: a person waits. RFC 8489 §6.2.1 starts at 500 ms.</summary>
    public static readonly TimeSpan DefaultFirstInterval = TimeSpan.FromMilliseconds(250);

    /// <summary>Sends at 0, 0.25 and 0.75 s; the end is at 1.75 s.</summary>
    public const int DefaultTries = 3;

    /// <summary>Where the answer is to come from (RFC 5780 §7.2).</summary>
    public StunChange Change { get; init; }

    /// <summary>The address and port from which the answer must come; the server's own unless a change is asked for.</summary>
    public IPEndPoint AnswerFrom { get; init; } = Server;

    /// <summary>The wait after the first try; doubles with each.</summary>
    public TimeSpan FirstInterval { get; init; } = DefaultFirstInterval;

    /// <summary>How often to send.</summary>
    public int Tries { get; init; } = DefaultTries;
}
