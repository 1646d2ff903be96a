using Btmm.Core.Administration;
using Btmm.PowerShell.Jobs;

namespace Btmm.PowerShell.Infrastructure;

/// <summary>The zone service that a cmdlet works on: a job of this session, or one in another process by its control socket.</summary>
/// <param name="Administration">What can be done with it.</param>
/// <param name="Job">The job; null for another process.</param>
/// <param name="ControlPath">The socket; null for a job.</param>
internal sealed record ServerTarget(IZoneAdministration Administration, BtmmDnsServerJob? Job, string? ControlPath)
{
    /// <summary>Which one, for people.</summary>
    public override string ToString() => Job?.Name ?? ControlPath ?? string.Empty;
}
