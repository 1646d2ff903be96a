using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using Btmm.Platform.Services;

namespace Btmm.PowerShell.Infrastructure;

/// <summary>Completes names of services registered on this system.</summary>
public sealed class ServiceNameCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        string units = fakeBoundParameters["UnitDirectory"] as string ?? ServicePlaces.Units;
        string journals = fakeBoundParameters["JournalDirectory"] as string ?? ServicePlaces.JournalsFor(units);
        var registration = new ServiceRegistration(units, journals, null);
        return Completion.From(registration.Names.Select(name => (name, registration.PathOf(name))), wordToComplete);
    }
}
