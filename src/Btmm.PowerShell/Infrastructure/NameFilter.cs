using System.Management.Automation;

namespace Btmm.PowerShell.Infrastructure;

/// <summary>Names with wildcards, as filters take them. Matches a host by its label or its full name.</summary>
internal sealed class NameFilter
{
    private readonly (string Text, WildcardPattern Pattern)[] _patterns;

    /// <summary>Makes a filter; without names it lets everything through.</summary>
    public NameFilter(IEnumerable<string>? names) =>
        _patterns = [.. (names ?? []).Select(n => (n, WildcardPattern.Get(n, WildcardOptions.IgnoreCase)))];

    /// <summary>Whether any of the names, or none being given, fits.</summary>
    public bool Matches(params IEnumerable<string> names) =>
        _patterns.Length == 0 || _patterns.Any(p => names.Any(p.Pattern.IsMatch));

    /// <summary>The names without wildcards that fit nothing of what was found.</summary>
    public IEnumerable<string> Missing(IEnumerable<string> found)
    {
        string[] all = [.. found];
        return _patterns
            .Where(p => !WildcardPattern.ContainsWildcardCharacters(p.Text) && !all.Any(p.Pattern.IsMatch))
            .Select(p => p.Text);
    }
}
