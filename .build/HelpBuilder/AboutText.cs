namespace Btmm.HelpBuilder;

/// <summary>Turns an about page into the plain text that Get-Help shows.</summary>
internal static class AboutText
{
    public static string FromMarkdown(IEnumerable<string> lines)
    {
        var text = new List<string>();
        bool inCode = false;
        foreach (string line in lines)
        {
            if (line.StartsWith("```", StringComparison.Ordinal))
                inCode = !inCode;
            else if (inCode)
                text.Add("        " + line);
            else if (line.StartsWith("# ", StringComparison.Ordinal))
                text.AddRange(["TOPIC", "    " + line[2..]]);
            else if (line.StartsWith('#'))
                text.Add(line.TrimStart('#').Trim().ToUpperInvariant());
            else
                text.Add(line.Length == 0 ? line : "    " + line.Replace("`", string.Empty, StringComparison.Ordinal));
        }
        return string.Join('\n', text) + "\n";
    }
}
