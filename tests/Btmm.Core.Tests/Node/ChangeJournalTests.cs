using System.Net;
using System.Text;
using Btmm.Core.Diagnostics;
using Btmm.Core.Node;

namespace Btmm.Core.Tests.Node;

public sealed class ChangeJournalTests : IDisposable
{
    private static readonly IPAddress s_peer = IPAddress.Parse("fd00::1");
    private readonly TemporaryDirectory _directory = new();

    private string JournalPath => _directory.File("changes.journal");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Begin_BeforeChange_EntryIsOnDisk()
    {
        using ChangeJournal journal = ChangeJournal.Open(JournalPath);
        journal.Begin(SystemChange.ForRoute("btmm0", s_peer));
        string text = ReadShared();
        Assert.Contains("\"op\":\"open\"", text, StringComparison.Ordinal);
        Assert.Contains("fd00::1", text, StringComparison.Ordinal);
        Assert.EndsWith("\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_AfterCrash_GivesOpenEntriesNewestFirst()
    {
        SystemChange[] changes =
        [
            SystemChange.ForInterface("btmm0", "owner"),
            SystemChange.ForAddress("btmm0", s_peer),
            SystemChange.ForRoute("btmm0", s_peer),
            SystemChange.ForHostsBlock("alice.example.net"),
            SystemChange.ForHostsBlock("bob.example.net"),
        ];
        using (ChangeJournal journal = ChangeJournal.Open(JournalPath))
        {
            List<JournalEntry> entries = [.. changes.Select(journal.Begin)];
            journal.Complete(entries[2]);
        }

        using ChangeJournal again = ChangeJournal.Open(JournalPath);
        Assert.Equal([changes[4], changes[3], changes[1], changes[0]], again.OpenEntries.Select(e => e.Change));
        Assert.Equal(0, again.DamagedLines);
    }

    [Fact]
    public void Open_EveryTruncation_NeverThrowsAndKeepsWholeLines()
    {
        byte[] whole;
        using (ChangeJournal journal = ChangeJournal.Open(JournalPath))
        {
            journal.Begin(SystemChange.ForInterface("btmm0", "owner"));
            journal.Complete(journal.Begin(SystemChange.ForAddress("btmm0", s_peer)));
            journal.Begin(SystemChange.ForRoute("btmm0", s_peer));
        }

        whole = File.ReadAllBytes(JournalPath);
        for (int length = 0; length <= whole.Length; length++)
        {
            File.WriteAllBytes(JournalPath, whole[..length]);
            using ChangeJournal journal = ChangeJournal.Open(JournalPath);
            int wholeLines = whole.AsSpan(0, length).Count((byte)'\n');
            Assert.True(journal.DamagedLines <= 1);
            Assert.True(wholeLines == 0 || journal.OpenEntries.Any(e => e.Change.Kind == SystemChangeKind.TunnelInterface));
            journal.Begin(SystemChange.ForHostsBlock("x"));
        }
    }

    [Fact]
    public void Open_GarbageAndMutations_NeverThrows()
    {
        using (ChangeJournal journal = ChangeJournal.Open(JournalPath))
        {
            journal.Begin(SystemChange.ForInterface("btmm0", "owner"));
            journal.Begin(SystemChange.ForHostsBlock("alice.example.net"));
        }

        byte[] whole = File.ReadAllBytes(JournalPath);
        var random = new Random(20260801);
        for (int round = 0; round < 2000; round++)
        {
            byte[] broken = [.. whole];
            for (int i = random.Next(1, 4); i > 0; i--) broken[random.Next(broken.Length)] = (byte)random.Next(256);
            string[] lines = Encoding.UTF8.GetString(broken).Split('\n');
            JournalContents contents = JournalContents.Read(lines);
            Assert.True(contents.Open.Count <= 2);
        }
    }

    [Fact]
    public void Open_TornLastLine_NextEntryIsReadable()
    {
        File.WriteAllText(JournalPath, "{\"v\":1,\"op\":\"open\",\"id\":4,\"kind\":\"HostsBlock\",\"owner\":\"x\"}\n{\"v\":1,\"op\":\"op");
        using (ChangeJournal journal = ChangeJournal.Open(JournalPath))
        {
            Assert.Equal(1, journal.DamagedLines);
            Assert.Equal(5, journal.Begin(SystemChange.ForRoute("btmm0", s_peer)).Id);
        }

        using ChangeJournal again = ChangeJournal.Open(JournalPath);
        Assert.Equal([5L, 4L], again.OpenEntries.Select(e => e.Id));
    }

    [Fact]
    public void Open_ForeignEntries_AreKeptUntilSomebodyKnowsThem()
    {
        const string Later = "{\"v\":2,\"op\":\"open\",\"id\":9,\"kind\":\"ResolverRule\",\"zone\":\"x\"}";
        const string Unknown = "{\"v\":1,\"op\":\"open\",\"id\":3,\"kind\":\"FirewallRule\"}";
        File.WriteAllText(JournalPath, Later + "\n" + Unknown + "\n");
        for (int i = 0; i < 2; i++)
        {
            using ChangeJournal journal = ChangeJournal.Open(JournalPath);
            Assert.Equal(2, journal.ForeignEntries);
            Assert.Empty(journal.OpenEntries);
        }

        Assert.Contains(Later, File.ReadAllText(JournalPath), StringComparison.Ordinal);
        Assert.Contains(Unknown, File.ReadAllText(JournalPath), StringComparison.Ordinal);
    }

    [Fact]
    public void Open_MappingOfAFormerVersion_IsDroppedAndTheRestKept()
    {
        const string Mapping = "{\"v\":1,\"op\":\"open\",\"id\":7,\"kind\":\"PortMapping\",\"gateway\":\"192.168.1.1\",\"protocol\":\"udp\",\"internalPort\":4000,\"externalPort\":5000}";
        File.WriteAllText(JournalPath, "{\"v\":1,\"op\":\"open\",\"id\":4,\"kind\":\"HostsBlock\",\"owner\":\"x\"}\n" + Mapping + "\n");
        using ChangeJournal journal = ChangeJournal.Open(JournalPath);
        Assert.Equal((0, 0), (journal.DamagedLines, journal.ForeignEntries));
        Assert.Equal(4, Assert.Single(journal.OpenEntries).Id);
        Assert.Equal(8, journal.Begin(SystemChange.ForRoute("btmm0", s_peer)).Id);
    }

    [Fact]
    public void StateDirectory_SecondNode_IsRefused()
    {
        using StateDirectory first = StateDirectory.Open(_directory.File("state"));
        var refusal = Assert.Throws<BtmmException>(() => StateDirectory.Open(_directory.File("state")));
        Assert.Equal(BtmmErrorReason.StateDirectoryBusy, refusal.Reason);
        first.Dispose();
        using StateDirectory second = StateDirectory.Open(_directory.File("state"));
        second.Write("node.json", "{}"u8);
        Assert.Equal("{}"u8.ToArray(), second.Read("node.json"));
        Assert.Null(second.Read("missing"));
    }

    [Fact]
    public void StateDirectory_NotWritable_SaysSo()
    {
        File.WriteAllText(_directory.File("plain"), "");
        var refusal = Assert.Throws<BtmmException>(() => StateDirectory.Open(_directory.File("plain")));
        Assert.Equal(BtmmErrorReason.StateDirectoryInvalid, refusal.Reason);
    }

    private string ReadShared()
    {
        using var file = new FileStream(JournalPath, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(file);
        return reader.ReadToEnd();
    }
}
