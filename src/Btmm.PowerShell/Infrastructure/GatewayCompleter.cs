using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using Btmm.Core.Contracts;

namespace Btmm.PowerShell.Infrastructure;

/// <summary>Completes the addresses of this host's gateways, from its routing table.</summary>
public sealed class GatewayCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        IReadOnlyList<GatewayRoute> routes = OperatingSystem.IsLinux() ? Gateways.Finder.FindAll() : [];
        return Completion.From(routes.Select(r => (r.Gateway.ToString(), $"{r.Gateway} by {r.InterfaceName}")), wordToComplete);
    }
}
