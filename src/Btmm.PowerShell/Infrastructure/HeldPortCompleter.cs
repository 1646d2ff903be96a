using System.Collections;
using System.Globalization;
using System.Management.Automation;
using System.Management.Automation.Language;
using Btmm.Core.Diagnostics;
using Btmm.PowerShell.Output;
using Btmm.PowerShell.Session;

namespace Btmm.PowerShell.Infrastructure;

/// <summary>Completes ports of mappings that this session holds, or another one left.</summary>
public sealed class HeldPortCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters) =>
        Completion.From(
            Known(commandName, fakeBoundParameters).Select(m => (m.InternalPort.ToString(CultureInfo.InvariantCulture), m.ToString())),
            wordToComplete);

    private static IReadOnlyList<NatPmpMapping> Known(string command, IDictionary given)
    {
        // Without -All, Get-NatPmpMapping shows those of this session alone.
        bool isGet = command.EndsWith("Get-NatPmpMapping", StringComparison.OrdinalIgnoreCase);
        if (isGet && !given.Contains("All")) return BtmmSession.Current.Mappings;
        try
        {
            return [.. KnownMappings.All(BtmmSession.Current)];
        }
        catch (BtmmException)
        {
            return BtmmSession.Current.Mappings; // The file of the others cannot be read; the cmdlets say so.
        }
    }
}
