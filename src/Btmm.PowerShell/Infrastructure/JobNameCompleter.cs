using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using Btmm.PowerShell.Jobs;
using Btmm.PowerShell.Session;

namespace Btmm.PowerShell.Infrastructure;

/// <summary>Completes names of this session's jobs of one kind.</summary>
/// <typeparam name="TJob">The kind.</typeparam>
public sealed class JobNameCompleter<TJob> : IArgumentCompleter
    where TJob : BtmmJob
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters) =>
        Completion.From(BtmmSession.Current.Jobs.OfType<TJob>().Select(job => (job.Name, job.StatusMessage)), wordToComplete);
}
