using System.Net;
using Btmm.Protocol.Ike;
using Btmm.Protocol.Ike.Events;

namespace Btmm.Protocol.Tests.Ike;

public sealed class IkeRoamingTests
{
    private static readonly TimeSpan s_goal = TimeSpan.FromSeconds(2);

    [Theory, Trait("rfc", "4555§3.5")]
    [InlineData(true)]
    [InlineData(false)]
    public void Move_EitherSide_PeerFollowsAfterTheRoutabilityCheck(bool initiatorMoves)
    {
        using var world = new IkeWorld(30);
        (IkeHost a, IkeHost b) = IkeRekeyTests.Up(world);
        (IkeHost mover, IkeHost stayer) = initiatorMoves ? (a, b) : (b, a);
        world.Run(TimeSpan.FromSeconds(10));
        world.Move(mover, "192.0.2.77:5555");
        // mover --> stayer  INFORMATIONAL  N(UPDATE_SA_ADDRESSES) N(NAT_DETECTION_*) N(COOKIE2)
        // mover <-- stayer  INFORMATIONAL  N(NAT_DETECTION_*) N(COOKIE2)
        // mover <-- stayer  INFORMATIONAL  N(NAT_DETECTION_*) N(COOKIE2)       return routability
        // mover --> stayer  INFORMATIONAL  N(NAT_DETECTION_*) N(COOKIE2)       only now ESP follows
        mover.Do(e => e.UpdateAddresses(world.Now, null));
        int delivered = world.Delivered;
        Assert.True(world.RunUntil(() => mover.Reaches(stayer) && stayer.Reaches(mover), 1));
        Assert.Equal(4, world.Delivered - delivered);
        Assert.Equal(mover.Public, Assert.Single(stayer.All<PeerEndpointChanged>()).Endpoint);
        IkeConnectTests.AssertOneTunnel(a, b);
    }

    [Fact]
    public void Move_WithLoss_IsBackWithinSeconds()
    {
        for (int seed = 0; seed < 30; seed++)
        {
            using var world = new IkeWorld(seed + 300);
            (IkeHost a, IkeHost b) = IkeRekeyTests.Up(world);
            world.Loss = 0.2;
            world.Move(a, "192.0.2.77:5555");
            a.Do(e => e.UpdateAddresses(world.Now, null));
            Assert.True(world.RunUntil(() => a.Reaches(b) && b.Reaches(a), 6), $"seed {seed}");
        }
    }

    [Fact]
    public void Move_TwiceInARow_DoesNotWaitForTheFirstPlace()
    {
        using var world = new IkeWorld(42);
        (IkeHost a, IkeHost b) = IkeRekeyTests.Up(world);
        world.Move(a, "192.0.2.77:5555");
        a.Do(e => e.UpdateAddresses(world.Now, null));
        world.Run(TimeSpan.FromMilliseconds(30)); // b has heard of it and asks there
        world.Move(a, "192.0.2.78:6666");
        a.Do(e => e.UpdateAddresses(world.Now, null));
        Assert.True(world.RunUntil(() => a.Reaches(b) && b.Reaches(a), 0.5));
        world.Run(TimeSpan.FromSeconds(60));
        IkeConnectTests.AssertOneTunnel(a, b);
    }

    [Fact]
    public void Move_BothAtOnce_NewRecordsBringThemTogether()
    {
        using var world = new IkeWorld(31);
        (IkeHost a, IkeHost b) = IkeRekeyTests.Up(world);
        world.Move(a, "192.0.2.77:5555");
        world.Move(b, "192.0.2.88:6666");
        a.Do(e => e.UpdateAddresses(world.Now, null));
        b.Do(e => e.UpdateAddresses(world.Now, null));
        world.Run(TimeSpan.FromSeconds(2));
        Assert.False(a.Reaches(b));
        TimeSpan told = world.Now;
        a.Do(e => e.SetPeerEndpoint(world.Now, b.Identifier, b.Public)); // the records of one side are enough
        Assert.True(world.RunUntil(() => a.Reaches(b) && b.Reaches(a), 2));
        Assert.True(world.Now - told < s_goal);
        IkeConnectTests.AssertOneTunnel(a, b);
    }

    [Fact]
    public void Move_BothAndRecordsOfBoth_SettleWithLoss()
    {
        for (int seed = 0; seed < 30; seed++)
        {
            using var world = new IkeWorld(seed + 400) { Loss = 0.1, Jitter = TimeSpan.FromMilliseconds(60) };
            (IkeHost a, IkeHost b) = world.AddPair();
            a.Connect(b);
            Assert.True(world.RunUntil(() => a.Reaches(b) && b.Reaches(a), 20));
            world.Move(a, "192.0.2.77:5555");
            world.Move(b, "192.0.2.88:6666");
            a.Do(e => e.UpdateAddresses(world.Now, null));
            b.Do(e => e.UpdateAddresses(world.Now, null));
            world.Run(TimeSpan.FromSeconds(1));
            a.Do(e => e.SetPeerEndpoint(world.Now, b.Identifier, b.Public));
            world.Run(TimeSpan.FromMilliseconds(300));
            b.Do(e => e.SetPeerEndpoint(world.Now, a.Identifier, a.Public));
            Assert.True(world.RunUntil(() => a.Reaches(b) && b.Reaches(a), 5), $"seed {seed}");
            world.Run(TimeSpan.FromSeconds(60));
            IkeConnectTests.AssertOneTunnel(a, b);
        }
    }

    [Fact, Trait("rfc", "7296§2.23")]
    public void Nat_MappingChanges_EspShowsTheNewPort()
    {
        using var world = new IkeWorld(32);
        (IkeHost a, IkeHost b) = IkeRekeyTests.Up(world);
        world.Move(a, "198.51.100.1:61000"); // the gateway forgot its mapping; a does not know
        a.SendPacket(b);
        Assert.Empty(b.All<PeerEndpointChanged>()); // not before the check
        Assert.True(world.RunUntil(() => b.Reaches(a), 1));
        Assert.Equal(a.Public, b.All<PeerEndpointChanged>().Single().Endpoint);
    }

    [Fact]
    public void Nat_TwoAddressesWorkForAMoment_SettlesOnTheOneThatStays()
    {
        const string Old = "198.51.100.1:40001";
        const string New = "203.0.113.77:40001";
        for (int seed = 0; seed < 60; seed++)
        {
            using var world = new IkeWorld(seed + 500) { Jitter = TimeSpan.FromMilliseconds(40) };
            (IkeHost a, IkeHost b) = IkeRekeyTests.Up(world);
            var random = new Random(seed);
            // the gateway of a gets another address; for a moment packets come and go by either
            for (int i = 0; i < 4; i++)
            {
                world.Move(a, i % 2 == 0 ? New : Old);
                world.AddAlias(a, i % 2 == 0 ? Old : New);
                b.Do(e => e.ReportPeerMoved(world.Now, a.Identifier, a.Public));
                if (random.Next(2) == 0) a.Do(e => e.UpdateAddresses(world.Now, null));
                if (random.Next(3) == 0) b.Do(e => e.CheckLiveness(world.Now, a.Identifier));
                world.Run(TimeSpan.FromMilliseconds(random.Next(5, 90)));
            }

            world.Move(a, Old);
            world.Move(a, New);
            bool isBack = false;
            for (int second = 0; second < 8 && !isBack; second++)
            {
                a.SendPacket(b); // what a sends still arrives, and shows b where a is
                isBack = world.RunUntil(() => b.Reaches(a), 1);
            }

            Assert.True(isBack, $"seed {seed}");
        }
    }

    [Fact]
    public void Move_PeersNatKnowsOnlyTheOldAddress_GoesToTheMappedPort()
    {
        using var world = new IkeWorld(40);
        (IkeHost a, IkeHost b) = world.AddPair();
        const string mapped = "198.51.100.2:54500";
        world.AddAlias(b, mapped);
        // b's gateway lets in what comes to the mapped port, and answers to what b has sent
        HashSet<IPEndPoint> flows = [];
        world.Filter = (from, to, _) =>
        {
            if (from == b) flows.Add(to);
            return from == b || to.Equals(IPEndPoint.Parse(mapped)) || flows.Contains(a.Public);
        };
        a.Do(e => e.SetPeerEndpoint(world.Now, b.Identifier, IPEndPoint.Parse(mapped)));
        b.Connect(a);
        Assert.True(world.RunUntil(() => a.Reaches(b) && b.Reaches(a), 2));
        Assert.Equal(b.Public, a.PeerEndpoints[b.Identifier]);
        world.Move(a, "192.0.2.77:5555");
        a.Do(e => e.UpdateAddresses(world.Now, null));
        Assert.True(world.RunUntil(() => flows.Contains(a.Public) && a.Reaches(b) && b.Reaches(a), 2));
        IkeConnectTests.AssertOneTunnel(a, b);
    }

    [Fact, Trait("rfc", "4555§3.8")]
    public void Nat_MappingChangesUnderAnIdleTunnel_IsNoticedByTheNextLivenessCheck()
    {
        using var world = new IkeWorld(41);
        (IkeHost a, IkeHost b) = IkeRekeyTests.Up(world);
        a.Do(e => e.CheckLiveness(world.Now, b.Identifier));
        world.Run(TimeSpan.FromSeconds(1));
        world.Move(a, "198.51.100.1:61000");
        a.Do(e => e.CheckLiveness(world.Now, b.Identifier));
        Assert.True(world.RunUntil(() => b.Reaches(a), 2));
        world.Run(TimeSpan.FromSeconds(60));
        IkeConnectTests.AssertOneTunnel(a, b);
    }

    [Fact]
    public void Record_OfDeadEndpoint_DoesNotHarmALivingTunnel()
    {
        using var world = new IkeWorld(33);
        (IkeHost a, IkeHost b) = IkeRekeyTests.Up(world);
        a.Do(e => e.SetPeerEndpoint(world.Now, b.Identifier, IPEndPoint.Parse("203.0.113.99:9")));
        for (int i = 0; i < 120; i++)
        {
            world.Run(TimeSpan.FromSeconds(1));
            Assert.True(a.Reaches(b) && b.Reaches(a));
        }

        IkeConnectTests.AssertOneTunnel(a, b);
        Assert.Empty(a.All<PeerEndpointChanged>());
    }

    [Fact, Trait("rfc", "4555§3.7")]
    public void Packet_ReplayedFromElsewhere_MovesNothing()
    {
        using var world = new IkeWorld(34);
        (IkeHost a, IkeHost b) = IkeRekeyTests.Up(world);
        byte[]? captured = null;
        world.Filter = (from, _, message) =>
        {
            if (from == a) captured = message;
            return true;
        };
        a.Do(e => e.CheckLiveness(world.Now, b.Identifier));
        world.Run(TimeSpan.FromSeconds(1));
        Assert.NotNull(captured);
        world.Inject(IPEndPoint.Parse("203.0.113.66:666"), b, captured);
        world.Run(TimeSpan.FromSeconds(5));
        Assert.Empty(b.All<PeerEndpointChanged>());
        Assert.True(b.Reaches(a));
    }

    [Fact, Trait("rfc", "4555§3.7")]
    public void FreshPacket_RedirectedByTheWay_IsCheckedAndNotFollowed()
    {
        using var world = new IkeWorld(35);
        (IkeHost a, IkeHost b) = IkeRekeyTests.Up(world);
        bool redirected = false;
        world.Filter = (from, _, message) =>
        {
            if (from != a || redirected) return true;
            redirected = true;
            world.Inject(IPEndPoint.Parse("203.0.113.66:666"), b, message); // arrives first, with a victim's address
            return true;
        };
        a.Do(e => e.CheckLiveness(world.Now, b.Identifier));
        world.Run(TimeSpan.FromSeconds(90));
        Assert.Empty(b.All<PeerEndpointChanged>());
        IkeConnectTests.AssertOneTunnel(a, b);
    }

    [Fact]
    public void Move_WhileConnecting_GoesToTheNewRecord()
    {
        using var world = new IkeWorld(36);
        (IkeHost a, IkeHost b) = world.AddPair();
        a.Connect(b, IPEndPoint.Parse("203.0.113.99:9"));
        world.Run(TimeSpan.FromSeconds(3));
        a.Do(e => e.SetPeerEndpoint(world.Now, b.Identifier, b.Public));
        Assert.True(world.RunUntil(() => a.Reaches(b) && b.Reaches(a), 2));
    }

    [Fact]
    public void Outage_ShorterThanPatience_LosesNothing()
    {
        using var world = new IkeWorld(37);
        (IkeHost a, IkeHost b) = IkeRekeyTests.Up(world);
        ulong sa = a.Endpoint.GetSas()[0].InitiatorSpi;
        world.Run(TimeSpan.FromSeconds(25));
        world.Loss = 1;
        world.Run(TimeSpan.FromSeconds(50));
        Assert.NotEmpty(a.All<PeerSilent>());
        world.Loss = 0;
        world.Run(TimeSpan.FromSeconds(20));
        Assert.NotEmpty(a.All<PeerResponsive>());
        Assert.Equal(sa, a.Endpoint.GetSas()[0].InitiatorSpi);
        IkeConnectTests.AssertOneTunnel(a, b);
    }

    [Fact]
    public void Liveness_DeadPeer_IsGivenUp()
    {
        using var world = new IkeWorld(38);
        (IkeHost a, IkeHost b) = IkeRekeyTests.Up(world);
        world.Loss = 1;
        world.Run(TimeSpan.FromSeconds(95));
        Assert.Equal(IkeCloseReason.Unresponsive, a.All<IkeSaClosed>().Single().Reason);
        Assert.Empty(a.Installed);
        Assert.Equal(0, a.Endpoint.EstablishedCount + b.Endpoint.EstablishedCount);
    }

    [Theory]
    [InlineData("198.51.100.1:40001", false)]
    [InlineData("192.168.1.5:4500", true)]
    public void NatDetection_OwnAddress_IsCompared(string own, bool behind)
    {
        using var world = new IkeWorld(39);
        (IkeHost a, IkeHost b) = world.AddPair();
        a.Do(e => e.UpdateAddresses(world.Now, IPEndPoint.Parse(own)));
        a.Connect(b);
        Assert.True(world.RunUntil(() => a.Reaches(b) && b.Reaches(a), 2));
        Assert.Equal(behind, a.Endpoint.GetSas()[0].IsBehindNat);
        Assert.Null(b.Endpoint.GetSas()[0].IsBehindNat);
    }
}
