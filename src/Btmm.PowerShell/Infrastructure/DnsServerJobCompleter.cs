using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using Btmm.PowerShell.Jobs;
using Btmm.PowerShell.Session;

namespace Btmm.PowerShell.Infrastructure;

/// <summary>Completes names of this session's zone service jobs.</summary>
public sealed class DnsServerJobCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters) =>
        Completion.From(BtmmSession.Current.Jobs.OfType<BtmmDnsServerJob>().Select(j => (j.Name, j.StatusMessage)), wordToComplete);
}
