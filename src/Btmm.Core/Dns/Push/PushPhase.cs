namespace Btmm.Core.Dns.Push;

/// <summary>Where a <see cref="PushClient"/> stands.</summary>
internal enum PushPhase
{
    /// <summary>Nothing is watched.</summary>
    Idle,

    /// <summary>The servers are being looked for, or one is being connected to.</summary>
    Connecting,

    /// <summary>A server tells of changes of everything that is watched.</summary>
    Active,

    /// <summary>The zone does not offer the service.</summary>
    NotOffered,

    /// <summary>No server can be tried for some time.</summary>
    Waiting,
}
