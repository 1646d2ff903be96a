using System.Net;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Server.Zones;

namespace Btmm.Server.Tests;

/// <summary>The zone's structure under random changes, held against a plain list of records.</summary>
public sealed class ZoneEditorTests
{
    private const int Seed = 2136;

    private static readonly string[] s_labels = ["a", "b", "c", "d"];

    [Fact]
    public void RandomChanges_Always_KeepNodesCountsAndChangesRight()
    {
        var random = new Random(Seed);
        ZoneSnapshot zone = ZoneSnapshot.Create(Soa());
        var model = new Dictionary<(DnsName, DnsType, DnsData), DnsRecord> { [(TestZones.Alice, DnsType.SOA, zone.Soa.Data)] = zone.Soa };
        for (int round = 0; round < 400; round++)
        {
            var editor = new ZoneEditor(zone);
            var before = new Dictionary<(DnsName, DnsType, DnsData), DnsRecord>(model);
            for (int k = random.Next(1, 5); k > 0; k--)
                Step(random, editor, model);
            ZoneSnapshot next = editor.Finish(out ZoneChange change);

            AssertChange(before, model, change);
            Assert.Equal(change.IsVisible ? zone.Serial + 1 : zone.Serial, next.Serial);
            if (change.IsVisible)
            {
                model.Remove((TestZones.Alice, DnsType.SOA, zone.Soa.Data));
                model[(TestZones.Alice, DnsType.SOA, next.Soa.Data)] = next.Soa;
            }

            AssertStructure(next, model.Values);
            AssertStructure(zone, before.Values);
            zone = next;
        }
    }

    private static void Step(Random random, ZoneEditor editor, Dictionary<(DnsName, DnsType, DnsData), DnsRecord> model)
    {
        DnsName name = TestZones.Alice;
        for (int depth = random.Next(0, 4); depth > 0; depth--)
            name = name.Prepend(s_labels[random.Next(s_labels.Length)]);
        var record = new DnsRecord(name, 60, new AData(new IPAddress([192, 0, 2, (byte)random.Next(3)])));
        if (random.Next(3) > 0)
        {
            editor.Add(record, null);
            model[(name, record.Type, record.Data)] = record;
        }
        else if (random.Next(2) == 0)
        {
            editor.Remove(name, item => item.Record.IsSameAs(record));
            model.Remove((name, record.Type, record.Data));
        }
        else
        {
            editor.Remove(name, static item => item.Record.Type == DnsType.A);
            foreach ((DnsName, DnsType, DnsData) key in model.Keys.Where(key => key.Item1 == name && key.Item2 == DnsType.A).ToArray())
                model.Remove(key);
        }
    }

    private static void AssertChange(
        Dictionary<(DnsName, DnsType, DnsData), DnsRecord> before, Dictionary<(DnsName, DnsType, DnsData), DnsRecord> after, ZoneChange change)
    {
        Assert.Equal(
            before.Keys.Except(after.Keys).ToHashSet(),
            change.Removed.Where(item => item.Record.Type == DnsType.A).Select(item => (item.Record.Name, item.Record.Type, item.Record.Data)).ToHashSet());
        Assert.Equal(
            after.Keys.Except(before.Keys).ToHashSet(),
            change.Added.Where(item => item.Record.Type == DnsType.A).Select(item => (item.Record.Name, item.Record.Type, item.Record.Data)).ToHashSet());
    }

    private static void AssertStructure(ZoneSnapshot zone, ICollection<DnsRecord> records)
    {
        var names = new HashSet<DnsName>();
        foreach (DnsRecord record in records)
        {
            for (DnsName name = record.Name; name != zone.Apex.Parent; name = name.Parent)
                names.Add(name);
        }

        Assert.Equal(records.Count, zone.RecordCount);
        Assert.Equal(zone.Nodes.Aggregate(default(ZoneFigures), (sum, node) => sum + ZoneFigures.Of(node, zone.Apex)), zone.Figures);
        Assert.Equal(names.Count, zone.Nodes.Count);
        Assert.Equal(names, zone.Nodes.Select(node => node.Name).ToHashSet());
        foreach (ZoneNode node in zone.Nodes)
        {
            Assert.Equal(records.Count(record => record.Name == node.Name), node.Records.Length);
            Assert.Equal(names.Count(name => name != zone.Apex && name.Parent == node.Name), node.Children);
        }
    }

    private static DnsRecord Soa() =>
        new(TestZones.Alice, 120, new SoaData(TestZones.Alice, TestZones.Alice, 1, 3600, 600, 86_400, 30));
}
