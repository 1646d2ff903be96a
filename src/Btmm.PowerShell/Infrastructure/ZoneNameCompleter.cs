using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using Btmm.PowerShell.Jobs;
using Btmm.PowerShell.Session;

namespace Btmm.PowerShell.Infrastructure;

/// <summary>Completes names of zones that this session's jobs serve; asks no other process.</summary>
public sealed class ZoneNameCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters) =>
        Completion.From(
            BtmmSession.Current.Jobs.OfType<BtmmDnsServerJob>().Where(j => !j.IsFinished)
                .SelectMany(j => j.Zones.Select(zone => (zone.Apex.ToString(), $"{zone.Records} records, served by {j.Name}"))),
            wordToComplete);
}
