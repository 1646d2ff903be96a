using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using Btmm.PowerShell.Jobs;
using Btmm.PowerShell.Session;

namespace Btmm.PowerShell.Infrastructure;

/// <summary>Completes names of keys that this session's zone services know; asks no other process.</summary>
public sealed class ServerKeyCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters) =>
        Completion.From(
            BtmmSession.Current.Jobs.OfType<BtmmDnsServerJob>().Where(j => !j.IsFinished)
                .SelectMany(j => j.Keys.Select(key => (key.Name.ToString(), $"{key.Algorithm}; {string.Join(", ", key.Grants)}"))),
            wordToComplete);
}
