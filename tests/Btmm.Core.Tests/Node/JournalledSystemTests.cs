using System.Net;
using Btmm.Core.Diagnostics;
using Btmm.Core.Node;

namespace Btmm.Core.Tests.Node;

public sealed class JournalledSystemTests : IDisposable
{
    private static readonly IPAddress s_own = IPAddress.Parse("fd00::1");
    private static readonly IPAddress s_peer = IPAddress.Parse("fd00::2");
    private readonly TemporaryDirectory _directory = new();
    private readonly FakeSystem _system = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Changes_EachIsJournalledBeforeItIsMade()
    {
        using ChangeJournal journal = OpenJournal();
        var system = new JournalledSystem(journal, _system);
        int before = 0;
        _system.BeforeEach = what =>
        {
            if (what[0] == '+') Assert.Equal(++before, journal.OpenEntries.Count);
        };
        MakeAll(system);
        Assert.Equal(4, before);
    }

    [Fact]
    public void UndoAll_NextStartAfterCrash_LeavesNothing()
    {
        using (ChangeJournal journal = OpenJournal()) MakeAll(new JournalledSystem(journal, _system));
        Assert.Equal(4, _system.Things.Count);

        using (ChangeJournal journal = OpenJournal())
        {
            Assert.Empty(new JournalledSystem(journal, _system).UndoAll());
            Assert.Empty(_system.Things);
            Assert.Empty(journal.OpenEntries);
        }

        Assert.Equal(["-hosts alice", "-route fd00::2", "-address fd00::1", "-if btmm0"], _system.Log[4..]);
        using ChangeJournal last = OpenJournal();
        Assert.Empty(last.OpenEntries);
    }

    [Fact]
    public void UndoAll_OneFails_OthersAreUndoneAndItStaysOpen()
    {
        using ChangeJournal journal = OpenJournal();
        var system = new JournalledSystem(journal, _system);
        MakeAll(system);
        _system.FailOn = "-route fd00::2";
        BtmmException failure = Assert.Single(system.UndoAll());
        Assert.Equal(BtmmErrorReason.SystemChangeFailed, failure.Reason);
        Assert.Equal(["route fd00::2"], _system.Things);
        Assert.Equal(SystemChangeKind.Route, Assert.Single(journal.OpenEntries).Change.Kind);
        _system.FailOn = null;
        Assert.Empty(system.UndoAll());
        Assert.Empty(_system.Things);
    }

    [Fact]
    public void AddRoute_Refused_LeavesNoEntry()
    {
        using ChangeJournal journal = OpenJournal();
        var system = new JournalledSystem(journal, _system);
        _system.FailOn = "+route fd00::2";
        Assert.Throws<BtmmException>(() => system.AddRoute("btmm0", s_peer));
        Assert.Empty(journal.OpenEntries);
    }

    [Fact]
    public void RemoveRoute_AddedTwice_OneEntryOneRemoval()
    {
        using ChangeJournal journal = OpenJournal();
        var system = new JournalledSystem(journal, _system);
        system.AddRoute("btmm0", s_peer);
        system.AddRoute("btmm0", s_peer);
        Assert.Single(journal.OpenEntries);
        Assert.True(system.RemoveRoute("btmm0", s_peer));
        Assert.False(system.RemoveRoute("btmm0", s_peer));
        Assert.Empty(journal.OpenEntries);
    }

    private ChangeJournal OpenJournal() => ChangeJournal.Open(_directory.File("changes.journal"));

    private static void MakeAll(JournalledSystem system)
    {
        system.CreateTunnelInterface("btmm%d", 1280, "owner").Dispose();
        system.AddAddress("btmm0", s_own);
        system.AddRoute("btmm0", s_peer);
        system.WriteHosts("alice", []);
    }
}
