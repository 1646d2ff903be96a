using Btmm.Fuzz.Tests.Targets;

namespace Btmm.Fuzz.Tests;

/// <summary>Every parser of what others send or write.</summary>
internal static class FuzzTargets
{
    internal static IReadOnlyList<FuzzTarget> All { get; } =
    [
        .. DnsTargets.All, .. DnsTextTargets.All, .. PushTargets.All, .. ServerTargets.All, .. NatTargets.All, .. IgdTargets.All, .. TunnelTargets.All, .. HostTargets.All,
    ];
}
