using System.Text;
using Btmm.Core.Contracts;

namespace Btmm.Core.Node;

/// <summary>
/// Edits the text of a hosts file: one block of ours between marker lines that carry an owner's tag. Every byte outside the
/// block stays as it is. Pure and thread-safe.
/// </summary>
/// <remarks>
/// <code>
/// # BEGIN Btmm alice.members.example.net
/// fd12:3456:789a:bcde:211:22ff:fe33:4455 studio.alice.members.example.net
/// # END Btmm alice.members.example.net
/// </code>
/// A begin marker without its end (a half-written file) covers the lines directly below that look like ours, and no more.
/// </remarks>
public static class HostsBlock
{
    private const string BeginMark = "# BEGIN Btmm ";
    private const string EndMark = "# END Btmm ";

    /// <summary>The file with the owner's block replaced, or appended when there was none.</summary>
    /// <param name="content">The file's bytes.</param>
    /// <param name="owner">The tag: printable ASCII without spaces.</param>
    /// <param name="entries">The lines; none removes the block. Names that are no host names are left out.</param>
    public static byte[] Apply(ReadOnlySpan<byte> content, string owner, IReadOnlyList<HostsEntry> entries)
    {
        string text = Encoding.Latin1.GetString(content);
        List<string> lines = SplitKeepingEnds(text);
        int place = RemoveBlocks(lines, owner);
        if (entries.Count > 0)
        {
            int at = place < 0 ? lines.Count : place;
            if (at > 0 && !lines[at - 1].EndsWith('\n')) lines[at - 1] += "\n";
            lines.Insert(at, Format(owner, entries));
        }

        return Encoding.Latin1.GetBytes(string.Concat(lines));
    }

    private static string Format(string owner, IReadOnlyList<HostsEntry> entries)
    {
        var text = new StringBuilder();
        text.Append(BeginMark).Append(owner).Append('\n');
        foreach (HostsEntry entry in entries.Where(entry => IsHostName(entry.Name))) text.Append(entry.Address).Append(' ').Append(entry.Name).Append('\n');
        return text.Append(EndMark).Append(owner).Append('\n').ToString();
    }

    /// <summary>Names come from others: nothing but a host name may get into the file.</summary>
    private static bool IsHostName(string name) => name.Length > 0 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.');

    /// <summary>Removes all blocks of the owner; returns where the first one was, or -1.</summary>
    private static int RemoveBlocks(List<string> lines, string owner)
    {
        int place = -1;
        int i = 0;
        while (i < lines.Count)
        {
            if (!IsMark(lines[i], BeginMark, owner))
            {
                i++;
                continue;
            }

            if (place < 0) place = i;
            RemoveBlock(lines, i, owner);
        }

        return place;
    }

    private static void RemoveBlock(List<string> lines, int begin, string owner)
    {
        int next = begin + 1;
        while (next < lines.Count && !lines[next].StartsWith(BeginMark, StringComparison.Ordinal) && !IsMark(lines[next], EndMark, owner)) next++;
        bool closed = next < lines.Count && IsMark(lines[next], EndMark, owner);
        if (closed)
        {
            lines.RemoveAt(next);
            for (int i = next - 1; i > begin; i--)
            {
                if (LooksLikeOurs(lines[i], owner)) lines.RemoveAt(i);
            }
        }
        else
        {
            while (begin + 1 < lines.Count && (LooksLikeOurs(lines[begin + 1], owner) || IsTorn(lines, begin + 1))) lines.RemoveAt(begin + 1);
        }

        lines.RemoveAt(begin);
    }

    /// <summary>Our lines are "ULA name-in-the-owner's-domain"; anything else was put there by somebody else.</summary>
    private static bool LooksLikeOurs(string line, string owner)
    {
        string[] words = line.TrimEnd('\r', '\n').Split(' ');
        return words.Length == 2
            && words[0].StartsWith("fd", StringComparison.OrdinalIgnoreCase)
            && words[1].EndsWith(owner, StringComparison.OrdinalIgnoreCase);
    }

    private static bool IsTorn(List<string> lines, int index) =>
        index == lines.Count - 1 && !lines[index].EndsWith('\n') && lines[index].StartsWith("fd", StringComparison.OrdinalIgnoreCase);

    private static bool IsMark(string line, string mark, string owner) =>
        line.AsSpan().TrimEnd("\r\n ").Equals(mark + owner, StringComparison.Ordinal);

    private static List<string> SplitKeepingEnds(string text)
    {
        var lines = new List<string>();
        int start = 0;
        while (start < text.Length)
        {
            int end = text.IndexOf('\n', start);
            end = end < 0 ? text.Length : end + 1;
            lines.Add(text[start..end]);
            start = end;
        }

        return lines;
    }
}
