using System.Text;

namespace Btmm.Core.Node;

/// <summary>What the lines of a journal file amount to.</summary>
internal sealed class JournalContents
{
    /// <summary>Open entries by number.</summary>
    internal SortedDictionary<long, SystemChange> Open { get; } = [];

    /// <summary>Open lines of an unknown kind or version, as they were.</summary>
    internal List<string> ForeignLines { get; } = [];

    internal int DamagedLines { get; private set; }

    internal long LastId { get; private set; }

    internal static JournalContents Read(IEnumerable<string> lines)
    {
        var contents = new JournalContents();
        var foreign = new SortedDictionary<long, string>();
        foreach (string text in lines)
        {
            if (string.IsNullOrWhiteSpace(text)) continue;
            contents.Take(text, foreign);
        }

        contents.ForeignLines.AddRange(foreign.Values);
        return contents;
    }

    /// <summary>The shortest file with the same meaning.</summary>
    internal string Compact()
    {
        var text = new StringBuilder();
        foreach (string line in ForeignLines) text.Append(line).Append('\n');
        foreach ((long id, SystemChange change) in Open) text.Append(JournalLine.ForOpen(id, change).Format()).Append('\n');
        return text.ToString();
    }

    private void Take(string text, SortedDictionary<long, string> foreign)
    {
        if (!JournalLine.TryParse(text, out JournalLine? line) || line.Id is < 1 or > long.MaxValue / 2)
        {
            DamagedLines++;
            return;
        }

        LastId = Math.Max(LastId, line.Id);
        if (line.Operation == JournalLine.Done)
        {
            Open.Remove(line.Id);
            foreign.Remove(line.Id);
        }
        else if (line.IsRetired)
        {
            Open.Remove(line.Id);
        }
        else if (line.TryGetChange(out SystemChange? change))
        {
            Open[line.Id] = change;
        }
        else
        {
            foreign[line.Id] = text;
        }
    }
}
