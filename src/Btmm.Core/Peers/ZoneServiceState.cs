using Btmm.Core.Diagnostics;

namespace Btmm.Core.Peers;

/// <summary>Whether the zone service answers.</summary>
/// <param name="IsReachable">Whether the last exchange worked.</param>
/// <param name="IsPolling">Whether changes are found by polling because the service offers no long-lived queries.</param>
/// <param name="Error">Why it does not work, when it does not.</param>
public sealed record ZoneServiceState(bool IsReachable, bool IsPolling, BtmmException? Error);
