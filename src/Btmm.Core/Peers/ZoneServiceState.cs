using Btmm.Core.Diagnostics;

namespace Btmm.Core.Peers;

/// <summary>Whether the zone service answers, and how it is watched.</summary>
/// <param name="IsReachable">Whether the last exchange worked.</param>
/// <param name="Mode">How changes of the zone are learnt of.</param>
/// <param name="Error">Why it does not work, when it does not.</param>
public sealed record ZoneServiceState(bool IsReachable, WatchMode Mode, BtmmException? Error)
{
    /// <summary>Whether changes are found by polling because the service tells of none by itself.</summary>
    public bool IsPolling => Mode == WatchMode.Polling;
}
