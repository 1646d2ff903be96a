namespace Btmm.HelpBuilder;

/// <summary>One page of help in Markdown: sections under <c>##</c>, items in them under <c>###</c>.</summary>
internal sealed class HelpPage
{
    private readonly Dictionary<string, Section> _sections = new(StringComparer.OrdinalIgnoreCase);

    private HelpPage(string name) => Name = name;

    /// <summary>The cmdlet's name.</summary>
    public string Name { get; }

    /// <summary>Reads a page; its file is named after the cmdlet.</summary>
    public static HelpPage Load(string path)
    {
        var page = new HelpPage(Path.GetFileNameWithoutExtension(path));
        Section? section = null;
        List<string>? target = null;
        bool inCode = false;
        foreach (string line in File.ReadLines(path))
        {
            if (line.StartsWith("```", StringComparison.Ordinal)) inCode = !inCode;
            if (!inCode && line.StartsWith("## ", StringComparison.Ordinal))
            {
                section = new Section();
                page._sections[line[3..].Trim()] = section;
                target = section.Lines;
            }
            else if (!inCode && line.StartsWith("### ", StringComparison.Ordinal) && section is not null)
            {
                target = [];
                section.Items.Add((line[4..].Trim(), target));
            }
            else
            {
                target?.Add(line);
            }
        }
        return page;
    }

    /// <summary>The paragraphs of a section, code blocks left out.</summary>
    public IReadOnlyList<string> Text(string section) =>
        _sections.TryGetValue(section, out Section? found) ? Paragraphs(found.Lines) : [];

    /// <summary>The items of a section: heading, paragraphs, code.</summary>
    public IEnumerable<(string Heading, IReadOnlyList<string> Text, string Code)> Items(string section) =>
        _sections.TryGetValue(section, out Section? found)
            ? found.Items.Select(i => (i.Heading, (IReadOnlyList<string>)Paragraphs(i.Lines), Code(i.Lines)))
            : [];

    private static List<string> Paragraphs(List<string> lines)
    {
        var paragraphs = new List<string>();
        var current = new List<string>();
        bool inCode = false;
        foreach (string line in lines.Append(string.Empty))
        {
            bool fence = line.StartsWith("```", StringComparison.Ordinal);
            if (fence) inCode = !inCode;
            if (!inCode && !fence && line.Trim().Length > 0)
            {
                current.Add(line.Trim().Replace("`", string.Empty, StringComparison.Ordinal));
                continue;
            }
            if (current.Count > 0) paragraphs.Add(string.Join(current.TrueForAll(IsListLine) ? "\n" : " ", current));
            current.Clear();
        }
        return paragraphs;
    }

    private static bool IsListLine(string line) => line.StartsWith("- ", StringComparison.Ordinal);

    private static string Code(List<string> lines)
    {
        var code = new List<string>();
        bool inCode = false;
        foreach (string line in lines)
        {
            if (line.StartsWith("```", StringComparison.Ordinal))
                inCode = !inCode;
            else if (inCode)
                code.Add(line);
        }
        return string.Join('\n', code);
    }

    private sealed class Section
    {
        public List<string> Lines { get; } = [];

        public List<(string Heading, List<string> Lines)> Items { get; } = [];
    }
}
