namespace Btmm.Protocol.Esp;

/// <summary>What a <see cref="ReplayWindow"/> says about a sequence number.</summary>
public enum ReplayVerdict
{
    /// <summary>Not seen yet.</summary>
    Fresh,

    /// <summary>Marked before, or 0, which is never sent.</summary>
    Seen,

    /// <summary>Below the window: it cannot be told.</summary>
    TooOld,
}
