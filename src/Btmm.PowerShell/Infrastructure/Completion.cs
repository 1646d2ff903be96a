using System.Management.Automation;
using System.Management.Automation.Language;

namespace Btmm.PowerShell.Infrastructure;

/// <summary>Turns candidates into completions; shared by all completers.</summary>
internal static class Completion
{
    /// <summary>The candidates that begin with the word, quoted where PowerShell needs it.</summary>
    /// <param name="candidates">What to insert, and the tool tip.</param>
    /// <param name="word">What the user typed, perhaps with an opening quote.</param>
    public static IEnumerable<CompletionResult> From(IEnumerable<(string Text, string Tip)> candidates, string? word)
    {
        string start = (word ?? string.Empty).Trim('\'', '"');
        return candidates
            .DistinctBy(c => c.Text)
            .Where(c => c.Text.StartsWith(start, StringComparison.OrdinalIgnoreCase))
            .OrderBy(c => c.Text, StringComparer.OrdinalIgnoreCase)
            .Select(c => new CompletionResult(Quote(c.Text), c.Text, CompletionResultType.ParameterValue, c.Tip));
    }

    private static string Quote(string text) =>
        text.All(c => char.IsLetterOrDigit(c) || c is '-' or '_' or '.' or ':')
            ? text
            : $"'{CodeGeneration.EscapeSingleQuotedStringContent(text)}'";
}
