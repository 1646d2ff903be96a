namespace Btmm.Protocol.Dns.Push;

/// <summary>Where a <see cref="PushClientSession"/> stands (RFC 8490 §3, "DSO Session").</summary>
public enum PushSessionState
{
    /// <summary>Not started.</summary>
    Idle,

    /// <summary>The first request is out.</summary>
    Establishing,

    /// <summary>The server has answered a request with success.</summary>
    Established,

    /// <summary>Over; <see cref="PushClientSession.End"/> says why.</summary>
    Ended,
}
