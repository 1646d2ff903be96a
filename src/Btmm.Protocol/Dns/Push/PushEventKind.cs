namespace Btmm.Protocol.Dns.Push;

/// <summary>What a <see cref="PushEvent"/> tells.</summary>
public enum PushEventKind
{
    /// <summary>The session is established.</summary>
    Established,

    /// <summary>The server accepted a subscription.</summary>
    Subscribed,

    /// <summary>All that the zone has for a subscription at its start has been told.</summary>
    Complete,

    /// <summary>A record appeared.</summary>
    Added,

    /// <summary>A record is gone.</summary>
    Removed,

    /// <summary>The server did not accept a subscription, or has ended it; it is no longer one.</summary>
    Refused,

    /// <summary>The session is over.</summary>
    Ended,
}
