using Btmm.Protocol.Dns;
using Btmm.Server.Zones;

namespace Btmm.Server.Tests;

/// <summary>The persistent map of names, held against a dictionary.</summary>
public sealed class NameMapTests
{
    private const int Seed = 32;

    [Fact]
    public void RandomChanges_Always_LeaveTheMapsBeforeThemAsTheyWere()
    {
        var random = new Random(Seed);
        NameMap map = NameMap.Empty;
        var model = new Dictionary<DnsName, ZoneNode>(DnsNameComparer.Instance);
        for (int round = 0; round < 200; round++)
        {
            NameMap before = map;
            var modelBefore = new Dictionary<DnsName, ZoneNode>(model, DnsNameComparer.Instance);
            var builder = new NameMapBuilder(map);
            for (int k = random.Next(1, 40); k > 0; k--)
            {
                DnsName name = Name(random.Next(600));
                if (random.Next(5) < 3)
                    builder.Put(model[name] = new ZoneNode(name, [], k));
                else
                    Assert.Equal(model.Remove(name), builder.Remove(name));
            }

            map = builder.ToMap();
            AssertSame(model, map);
            AssertSame(modelBefore, before);
        }

        var last = new NameMapBuilder(map);
        foreach (DnsName name in model.Keys)
            Assert.True(last.Remove(name));
        Assert.Empty(last.ToMap());
        AssertSame(model, map);
    }

    // Among so many names some share all 32 bits of their hash: about five pairs are to be expected.
    [Fact]
    public void ManyNames_SomeWithTheSameHash_AreAllFoundAndAllRemoved()
    {
        const int Count = 200_000;
        var builder = new NameMapBuilder(NameMap.Empty);
        for (int i = 0; i < Count; i++)
            builder.Put(new ZoneNode(Name(i), [], i));
        NameMap map = builder.ToMap();
        Assert.Equal(Count, map.Count);
        Assert.Equal(Count, map.Count());
        var rest = new NameMapBuilder(map);
        for (int i = 0; i < Count; i++)
        {
            Assert.Equal(i, map.Find(Name(i))?.Children);
            Assert.True(rest.Remove(Name(i)));
        }

        Assert.Empty(rest.ToMap());
    }

    [Fact]
    [Trait("rfc", "4343§3")]
    public void Find_BytesInAnyCase_FindsTheNodeAndAllocatesNothing()
    {
        var builder = new NameMapBuilder(NameMap.Empty);
        for (int i = 0; i < 1000; i++)
            builder.Put(new ZoneNode(Name(i), [], i));
        NameMap map = builder.ToMap();
        byte[] upper = DnsName.Parse("H7.Alice.MEMBERS.example.NET").Wire.ToArray();
        byte[] absent = DnsName.Parse("h7x.alice.members.example.net").Wire.ToArray();
        Assert.Equal(7, map.Find(upper)?.Children);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 10_000; i++)
        {
            if (map.Find(upper) is null || map.Find(absent) is not null)
                Assert.Fail("Not found.");
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 20_000); // less than any one object a time; the runtime may have its own
    }

    private static void AssertSame(Dictionary<DnsName, ZoneNode> model, NameMap map)
    {
        Assert.Equal(model.Count, map.Count);
        Assert.Equal(model.Values.ToHashSet(), map.ToHashSet());
        foreach ((DnsName name, ZoneNode node) in model)
            Assert.Same(node, map.Find(name));
    }

    private static DnsName Name(int number) => TestZones.Alice.PrependLabels($"h{number}");
}
