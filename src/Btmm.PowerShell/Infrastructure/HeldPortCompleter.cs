using System.Collections;
using System.Globalization;
using System.Management.Automation;
using System.Management.Automation.Language;
using Btmm.PowerShell.Session;

namespace Btmm.PowerShell.Infrastructure;

/// <summary>Completes ports of mappings that this session holds.</summary>
public sealed class HeldPortCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters) =>
        Completion.From(
            BtmmSession.Current.Mappings.Select(m => (m.InternalPort.ToString(CultureInfo.InvariantCulture), m.ToString())),
            wordToComplete);
}
