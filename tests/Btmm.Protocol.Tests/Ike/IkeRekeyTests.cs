using Btmm.Protocol.Ike;
using Btmm.Protocol.Ike.Events;

namespace Btmm.Protocol.Tests.Ike;

public sealed class IkeRekeyTests
{
    [Theory, Trait("rfc", "7296§2.8")]
    [InlineData(true)]
    [InlineData(false)]
    public void RekeyChild_OneSide_KeepsTrafficAtEveryStep(bool pfs)
    {
        using var world = new IkeWorld(20);
        (IkeHost a, IkeHost b) = Up(world, o => o with { PerfectForwardSecrecy = pfs });
        uint oldA = a.Sending[b.Identifier], oldB = b.Sending[a.Identifier];
        world.Filter = (_, _, _) =>
        {
            Assert.True(a.Reaches(b) && b.Reaches(a));
            return true;
        };
        // a --> b  CREATE_CHILD_SA  N(REKEY_SA) SA Ni [KEi] TSi TSr
        // a <-- b  CREATE_CHILD_SA  SA Nr [KEr] TSi TSr          b receives on the new pair, sends on the old
        // a --> b  INFORMATIONAL  D(old)                         a sends on the new pair
        // a <-- b  INFORMATIONAL  D(old)                         b sends on the new pair
        a.Do(e => Assert.True(e.RekeyChild(world.Now, b.Identifier)));
        Assert.True(world.RunUntil(() => b.Sending[a.Identifier] != oldB && a.Sending[b.Identifier] != oldA, 2));
        Assert.Equal(2, a.Installed.Count); // the old pair still receives for a while
        world.Run(TimeSpan.FromSeconds(10));
        IkeConnectTests.AssertOneTunnel(a, b);
        Assert.Single(a.Installed);
        Assert.Single(b.Installed);
        Assert.Equal(oldA, a.All<ChildSaEstablished>().Last().Replaces);
    }

    [Fact, Trait("rfc", "7296§1.3.2")]
    public void RekeyIke_OneSide_ChildrenGoOver()
    {
        using var world = new IkeWorld(21);
        (IkeHost a, IkeHost b) = Up(world);
        ulong old = a.Endpoint.GetSas()[0].InitiatorSpi;
        uint child = a.Sending[b.Identifier];
        // a <-- b  CREATE_CHILD_SA  SA Ni KEi      a --> b  SA Nr KEr      a <-- b  D(IKE) on the old SA      a --> b
        b.Do(e => Assert.True(e.RekeyIke(world.Now, a.Identifier)));
        world.Run(TimeSpan.FromSeconds(2));
        IkeConnectTests.AssertOneTunnel(a, b);
        Assert.NotEqual(old, a.Endpoint.GetSas()[0].InitiatorSpi);
        Assert.Equal(child, a.Sending[b.Identifier]);
        Assert.True(b.Endpoint.GetSas()[0].IsInitiator);
        Assert.Contains(a.All<IkeSaEstablished>(), e => e.IsRekey);
        // the new SA works both ways, also for the child SA that it inherited
        a.Do(e => e.RekeyChild(world.Now, b.Identifier));
        world.Run(TimeSpan.FromSeconds(10));
        IkeConnectTests.AssertOneTunnel(a, b);
        Assert.NotEqual(child, a.Sending[b.Identifier]);
        world.Run(TimeSpan.FromSeconds(20));
        Assert.Equal(1, a.Endpoint.StateCount);
        Assert.Equal(1, b.Endpoint.StateCount);
    }

    [Fact, Trait("rfc", "7296§2.8.1")]
    public void RekeyChild_BothAtOnce_LeavesTheSamePair()
    {
        for (int seed = 0; seed < 20; seed++)
        {
            using var world = new IkeWorld(seed);
            (IkeHost a, IkeHost b) = Up(world);
            // a --> b  N(REKEY_SA)      a <-- b  N(REKEY_SA)      both answer; the pair with the lowest nonce goes
            a.Do(e => e.RekeyChild(world.Now, b.Identifier));
            b.Do(e => e.RekeyChild(world.Now, a.Identifier));
            AssertReachesThroughout(world, a, b, 15);
            Assert.Single(a.Installed);
            Assert.Single(b.Installed);
        }
    }

    [Fact, Trait("rfc", "7296§2.8.1")]
    public void RekeyChild_BothAtOnceAndFirstLost_EndsWithOnePair()
    {
        using var world = new IkeWorld(23);
        (IkeHost a, IkeHost b) = Up(world);
        bool lost = false;
        world.Filter = (from, _, _) =>
        {
            if (from != a || lost) return true;
            lost = true;
            return false;
        };
        // a --> (lost)      a <-- b  N(REKEY_SA) ...      a --> b  again: a <-- b  N(CHILD_SA_NOT_FOUND)
        a.Do(e => e.RekeyChild(world.Now, b.Identifier));
        b.Do(e => e.RekeyChild(world.Now, a.Identifier));
        AssertReachesThroughout(world, a, b, 20);
        Assert.Single(a.Installed);
    }

    [Fact, Trait("rfc", "7296§2.8.2")]
    public void RekeyIke_BothAtOnce_LeavesTheSameSa()
    {
        for (int seed = 0; seed < 20; seed++)
        {
            using var world = new IkeWorld(seed + 100);
            (IkeHost a, IkeHost b) = Up(world);
            a.Do(e => e.RekeyIke(world.Now, b.Identifier));
            b.Do(e => e.RekeyIke(world.Now, a.Identifier));
            AssertReachesThroughout(world, a, b, 60);
            Assert.Equal(1, a.Endpoint.StateCount);
            Assert.Equal(1, b.Endpoint.StateCount);
            a.Do(e => Assert.True(e.RekeyChild(world.Now, b.Identifier)));
            AssertReachesThroughout(world, a, b, 15);
        }
    }

    [Fact, Trait("rfc", "7296§2.8.2")]
    public void RekeyIke_BothAtOnceAndFirstLost_TakesThePeers()
    {
        using var world = new IkeWorld(25);
        (IkeHost a, IkeHost b) = Up(world);
        int fromA = 0;
        world.Filter = (from, _, _) => from != a || fromA++ > 0;
        a.Do(e => e.RekeyIke(world.Now, b.Identifier));
        b.Do(e => e.RekeyIke(world.Now, a.Identifier));
        AssertReachesThroughout(world, a, b, 60);
        Assert.Equal(1, a.Endpoint.StateCount);
    }

    [Theory, Trait("rfc", "7296§2.25")]
    [InlineData("child", "ike")]
    [InlineData("ike", "child")]
    [InlineData("child", "child+ike")]
    [InlineData("ike+child", "child+ike")]
    public void Rekeys_Mixed_EndWell(string first, string second)
    {
        for (int seed = 0; seed < 10; seed++)
        {
            using var world = new IkeWorld(seed + 200);
            (IkeHost a, IkeHost b) = Up(world);
            uint old = a.Sending[b.Identifier];
            ulong oldIke = a.Endpoint.GetSas()[0].InitiatorSpi;
            foreach (string kind in first.Split('+')) Start(world, a, b, kind);
            foreach (string kind in second.Split('+')) Start(world, b, a, kind);
            AssertReachesThroughout(world, a, b, 90);
            Assert.NotEqual(old, a.Sending[b.Identifier]);
            Assert.NotEqual(oldIke, a.Endpoint.GetSas()[0].InitiatorSpi);
            Assert.Single(a.Installed);
            Assert.Equal(1, a.Endpoint.StateCount);
        }
    }

    [Fact]
    public void RekeyAndClose_AtOnce_EndBothSides()
    {
        foreach (string kind in new[] { "child", "ike" })
        {
            using var world = new IkeWorld(26);
            (IkeHost a, IkeHost b) = Up(world);
            Start(world, a, b, kind);
            b.Do(e => e.Close(world.Now, a.Identifier));
            world.Run(TimeSpan.FromMinutes(2));
            Assert.Empty(a.Installed);
            Assert.Empty(b.Installed);
            Assert.Equal(0, a.Endpoint.StateCount + b.Endpoint.StateCount);
        }
    }

    [Fact]
    public void Lifetimes_End_AreRenewedBefore()
    {
        using var world = new IkeWorld(27);
        (IkeHost a, IkeHost b) = Up(world, o => o with { ChildLifetime = TimeSpan.FromMinutes(10), IkeLifetime = TimeSpan.FromMinutes(25) });
        AssertReachesThroughout(world, a, b, 3600);
        Assert.InRange(a.All<ChildSaEstablished>().Count(), 6, 16);
        Assert.InRange(a.All<IkeSaEstablished>().Count(), 2, 6);
        Assert.DoesNotContain(a.All<IkeSaClosed>(), c => c.IsLast);
        Assert.Single(a.Installed);
    }

    [Fact]
    public void Child_DeletedAlone_ComesBackOnDemand()
    {
        using var world = new IkeWorld(28);
        (IkeHost a, IkeHost b) = Up(world);
        uint old = a.Sending[b.Identifier];
        a.Do(e => e.Connect(world.Now, new IkePeer { Identifier = b.Identifier, Identity = b.Name, Endpoint = b.Public }));
        world.Run(TimeSpan.FromSeconds(1));
        Assert.Equal(old, a.Sending[b.Identifier]); // there is one: nothing to do
    }

    internal static (IkeHost A, IkeHost B) Up(IkeWorld world, Func<IkeOptions, IkeOptions>? configure = null)
    {
        (IkeHost a, IkeHost b) = world.AddPair(configure);
        a.Connect(b);
        Assert.True(world.RunUntil(() => a.Reaches(b) && b.Reaches(a), 5));
        return (a, b);
    }

    /// <summary>Runs on; at every datagram each side must be able to reach the other.</summary>
    private static void AssertReachesThroughout(IkeWorld world, IkeHost a, IkeHost b, double seconds)
    {
        Func<IkeHost, System.Net.IPEndPoint, byte[], bool>? inner = world.Filter;
        world.Filter = (from, to, message) =>
        {
            Assert.True(a.Reaches(b) && b.Reaches(a), "traffic is interrupted");
            return inner?.Invoke(from, to, message) ?? true;
        };
        world.Run(TimeSpan.FromSeconds(seconds));
        world.Filter = inner;
        IkeConnectTests.AssertOneTunnel(a, b);
    }

    private static void Start(IkeWorld world, IkeHost host, IkeHost peer, string kind) => host.Do(e =>
    {
        if (kind == "child") e.RekeyChild(world.Now, peer.Identifier);
        else e.RekeyIke(world.Now, peer.Identifier);
    });
}
