using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;

namespace Btmm.PowerShell.Infrastructure;

/// <summary>One <c>key</c> statement of a key file, its secret in base64.</summary>
/// <param name="Name">The key's name.</param>
/// <param name="Algorithm">The algorithm's name as written.</param>
/// <param name="Secret">The secret in base64.</param>
internal sealed record KeyStatement(string Name, string Algorithm, string Secret);

/// <summary>
/// Reads the two forms in which name servers keep TSIG keys: BIND's <c>key "name" { algorithm …; secret …; };</c>,
/// as tsig-keygen prints it, and the one-line <c>algorithm:name:secret</c> that keymgr -t prints in a comment and dig takes.
/// </summary>
internal static partial class KeyFileParser
{
    /// <summary>Reads every key of the file; none is an empty list.</summary>
    public static IReadOnlyList<KeyStatement> Parse(string text)
    {
        List<KeyStatement> keys = [];
        foreach (Match block in BlockPattern().Matches(CommentPattern().Replace(text, " ")))
        {
            string body = block.Groups["body"].Value;
            if (TryField(body, "algorithm", out string? algorithm) && TryField(body, "secret", out string? secret))
                keys.Add(new KeyStatement(Unquote(block.Groups["name"].Value), algorithm, secret));
        }
        if (keys.Count > 0) return keys;
        foreach (string line in text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            string[] fields = line.TrimStart('#', ' ').Split(':');
            if (fields.Length == 3 && fields[0].StartsWith("hmac-", StringComparison.OrdinalIgnoreCase))
                keys.Add(new KeyStatement(fields[1], fields[0], fields[2]));
        }
        return keys;
    }

    private static bool TryField(string body, string name, [NotNullWhen(true)] out string? value)
    {
        Match field = Regex.Match(body, $@"\b{name}\s+(?<value>""[^""]*""|[^\s;]+)\s*;", RegexOptions.IgnoreCase, TimeSpan.FromSeconds(1));
        value = field.Success ? Unquote(field.Groups["value"].Value) : null;
        return field.Success;
    }

    private static string Unquote(string text) => text.Trim('"');

    [GeneratedRegex("""\bkey\s+(?<name>"[^"]+"|[^\s{]+)\s*\{(?<body>[^}]*)\}""", RegexOptions.IgnoreCase, 1000)]
    private static partial Regex BlockPattern();

    [GeneratedRegex("""/\*.*?\*/|(?m:(?:^|\s)(?://|\#).*$)""", RegexOptions.Singleline, 1000)]
    private static partial Regex CommentPattern();
}
