using Btmm.Core.Diagnostics;

namespace Btmm.Core.NatTraversal.Keeping;

/// <summary>When to ask a gateway again that said no, or nothing. Waits double from the first to the last.</summary>
internal static class RetryPolicy
{
    /// <summary>How long failures that may pass by themselves are not told while a mapping is held.</summary>
    internal static readonly TimeSpan Grace = TimeSpan.FromSeconds(30);

    private const int MaxDoublings = 12;

    /// <summary>However long the gateway asks to be left alone, it is asked again after this.</summary>
    private static readonly TimeSpan s_longest = TimeSpan.FromMinutes(30);

    /// <summary>The wait after the n-th failure in a row (n from 1).</summary>
    /// <param name="failure">What failed.</param>
    /// <param name="failures">How many failures there were in a row.</param>
    /// <param name="worked">Whether this gateway has granted a mapping before; then it is worth asking sooner.</param>
    internal static TimeSpan Delay(BtmmException failure, int failures, bool worked)
    {
        (double first, double last) = failure.Reason switch
        {
            BtmmErrorReason.PortMappingUnsupported when worked => (1, 30),
            // Nobody answered at all: the gateway may just be starting.
            BtmmErrorReason.PortMappingUnsupported when failure.InnerException is TimeoutException => (10, 300),
            BtmmErrorReason.Timeout or BtmmErrorReason.Unreachable => (1, 30),
            BtmmErrorReason.PortMappingNetworkFailure => (2, 60),
            BtmmErrorReason.PortMappingOutOfResources => (30, 900),
            BtmmErrorReason.DoubleNat => (60, 60),
            BtmmErrorReason.StateDirectoryInvalid => (5, 60),
            _ => (300, 300),
        };
        int doublings = Math.Clamp(failures - 1, 0, MaxDoublings);
        TimeSpan delay = TimeSpan.FromSeconds(Math.Min(last, first * (1 << doublings)));
        TimeSpan wished = failure.RetryAfter < s_longest ? failure.RetryAfter.Value : failure.RetryAfter is null ? TimeSpan.Zero : s_longest;
        return delay > wished ? delay : wished;
    }

    /// <summary>Whether a gateway may fail so for a moment, when it restarts or is short of something.</summary>
    internal static bool MayPass(BtmmErrorReason reason) => LeavesTheMapping(reason) || reason is BtmmErrorReason.Unreachable
        or BtmmErrorReason.PortMappingUnsupported or BtmmErrorReason.PortMappingNetworkFailure;

    /// <summary>
    /// Whether what the gateway granted before is still there as far as one can tell: it is silent, or has no room for a renewal (some
    /// say so to every renewal of a pinhole), or this host's own memory cannot be written.
    /// </summary>
    internal static bool LeavesTheMapping(BtmmErrorReason reason) =>
        reason is BtmmErrorReason.Timeout or BtmmErrorReason.PortMappingOutOfResources or BtmmErrorReason.StateDirectoryInvalid;
}
