using Btmm.Core.Diagnostics;

namespace Btmm.Server.Policy;

/// <summary>What zones and keys must be like to be served. Holds no state.</summary>
internal static class ZoneRules
{
    // Leaves room for the service's own names below the zone's.
    private const int MaxApexLength = 200;
    private const int MaxServerLabelLength = 40;

    /// <summary>Checks zones that are to be served together.</summary>
    /// <exception cref="BtmmException">InvalidValue.</exception>
    internal static void Check(IReadOnlyCollection<ZoneOptions> zones)
    {
        bool twoZones = zones.DistinctBy(static zone => zone.Apex).Count() != zones.Count;
        bool twoKeys = zones.SelectMany(static zone => zone.Keys).GroupBy(static item => item.Key.Name)
            .Any(static group => group.Any(item => !item.Key.Matches(group.First().Key)));
        string? problem = zones.Select(Problem).FirstOrDefault(static text => text is not null)
            ?? (twoZones ? "A zone was given twice." : twoKeys ? "Two different keys have the same name." : null);
        if (problem is not null)
            throw new BtmmException(BtmmErrorReason.InvalidValue, problem, "Correct the service's options.");
    }

    /// <summary>What is wrong with a zone; null when it can be served.</summary>
    internal static string? Problem(ZoneOptions zone)
    {
        bool isUsable = zone.Apex is { IsRoot: false, WireLength: <= MaxApexLength } && IsUsableLabel(zone.ServerLabel);
        return !isUsable ? "A zone's name or its server's label cannot be used."
            : !zone.Quota.IsUsable ? "A zone's quota cannot be used."
            : zone.Keys.Any(item => !item.Scope.IsSubdomainOf(zone.Apex)) ? "A key's scope lies outside its zone."
            : zone.Keys.Any(static item => item.UpdatesPerMinute < 0) ? "A key's quota cannot be used."
            : null;
    }

    /// <summary>Whether a label can be a server's.</summary>
    internal static bool IsUsableLabel(string label) =>
        label is { Length: > 0 and <= MaxServerLabelLength } && label.All(static c => char.IsAsciiLetterOrDigit(c) || c == '-');
}
