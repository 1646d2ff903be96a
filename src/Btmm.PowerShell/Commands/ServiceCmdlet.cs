using System.Management.Automation;
using Btmm.Core.Diagnostics;
using Btmm.Platform.Services;
using Btmm.PowerShell.Infrastructure;

namespace Btmm.PowerShell.Commands;

/// <summary>The base of the cmdlets that register services: where.</summary>
public abstract class ServiceCmdlet : BtmmCmdlet
{
    /// <summary>Where the unit goes; the system's own directory unless given. For another one the service manager is not told.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? UnitDirectory { get; set; }

    /// <summary>Where it is noted what was there before.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? JournalDirectory { get; set; }

    /// <summary>The places that the parameters name.</summary>
    internal ServiceRegistration GetRegistration(out bool isManaged)
    {
        string units = UnitDirectory is null ? ServicePlaces.Units : ResolvePath(UnitDirectory);
        IServiceManager? manager = ServicePlaces.Manager(units);
        isManaged = manager is not null;
        if (UnitDirectory is null && manager is null) WriteWarning("No service manager runs here: the unit is written, and nobody is told.");
        string journals = JournalDirectory is not null ? ResolvePath(JournalDirectory) : ServicePlaces.JournalsFor(units);
        return new ServiceRegistration(units, journals, manager);
    }

    /// <summary>A name that can be part of a path and of a unit's name.</summary>
    /// <exception cref="BtmmException">InvalidValue.</exception>
    internal static string Checked(string name) =>
        name.Length is > 0 and <= 100 && name[0] != '.' && name.All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.')
            ? name
            : throw new BtmmException(BtmmErrorReason.InvalidValue, $"'{name}' cannot be a service's name.", "Use letters, digits, hyphens, underscores and dots.");
}
