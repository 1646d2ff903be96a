using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using Btmm.PowerShell.Jobs;
using Btmm.PowerShell.Session;

namespace Btmm.PowerShell.Infrastructure;

/// <summary>Completes names of peers that the nodes of this session know; asks nobody.</summary>
public sealed class PeerNameCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters) =>
        Completion.From(
            BtmmSession.Current.Jobs.OfType<BtmmTunnelJob>().SelectMany(j => j.GetTunnels()).Select(t => (t.Peer, t.ToString())),
            wordToComplete);
}
