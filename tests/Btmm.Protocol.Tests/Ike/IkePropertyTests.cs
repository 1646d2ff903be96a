using Btmm.Protocol.Ike;
using Btmm.Protocol.Ike.Events;

namespace Btmm.Protocol.Tests.Ike;

/// <summary>Whatever the network does and whatever both sides want at once: in the end there is one tunnel, and it carries packets.</summary>
public sealed class IkePropertyTests
{
    private const int Runs = 150;

    [Fact]
    public void BothConnectAtOnce_AnyNetwork_LeavesOneTunnel()
    {
        for (int seed = 0; seed < Runs; seed++)
        {
            using var world = new IkeWorld(seed) { Loss = seed % 3 * 0.15, Duplication = seed % 2 * 0.2, Jitter = TimeSpan.FromMilliseconds(seed % 5 * 50) };
            (IkeHost a, IkeHost b) = world.AddPair(Fast);
            var random = new Random(seed);
            a.Connect(b);
            world.Run(TimeSpan.FromMilliseconds(random.Next(seed % 2 == 0 ? 200 : 5)));
            b.Connect(a);
            bool up = world.RunUntil(() => a.Reaches(b) && b.Reaches(a), 40);
            Assert.True(up, $"seed {seed}: no tunnel");
            world.Loss = world.Duplication = 0;
            world.Run(TimeSpan.FromSeconds(60));
            AssertSettled(a, b, seed);
        }
    }

    [Fact]
    public void BothConnectAtOnce_CleanNetwork_NeverInterruptsTraffic()
    {
        for (int seed = 0; seed < 40; seed++)
        {
            using var world = new IkeWorld(seed + 1000) { Jitter = TimeSpan.FromMilliseconds(seed % 4 * 10) };
            (IkeHost a, IkeHost b) = world.AddPair(Fast);
            a.Connect(b);
            b.Connect(a);
            Assert.True(world.RunUntil(() => a.Reaches(b) && b.Reaches(a), 5));
            world.Filter = (_, _, _) =>
            {
                Assert.True(a.Reaches(b) && b.Reaches(a), $"seed {seed}: interrupted");
                return true;
            };
            world.Run(TimeSpan.FromSeconds(60));
            AssertSettled(a, b, seed);
        }
    }

    [Fact]
    public void RandomWishes_BadNetwork_EndInOneTunnel()
    {
        for (int seed = 0; seed < Runs; seed++)
        {
            var random = new Random(seed);
            using var world = new IkeWorld(seed + 2000) { Loss = random.NextDouble() * 0.3, Duplication = 0.1, Jitter = TimeSpan.FromMilliseconds(100) };
            (IkeHost a, IkeHost b) = world.AddPair(Fast);
            a.Connect(b);
            for (int step = 0; step < 12; step++)
            {
                (IkeHost one, IkeHost other) = random.Next(2) == 0 ? (a, b) : (b, a);
                Wish(world, one, other, random);
                world.Run(TimeSpan.FromMilliseconds(random.Next(1500)));
            }

            world.Loss = world.Duplication = 0;
            a.Do(e => e.SetPeerEndpoint(world.Now, b.Identifier, b.Public)); // what the records say in the end
            b.Do(e => e.SetPeerEndpoint(world.Now, a.Identifier, a.Public));
            world.Run(TimeSpan.FromSeconds(45));
            if (a.Endpoint.EstablishedCount == 0) a.Connect(b);
            world.Run(TimeSpan.FromSeconds(100));
            AssertSettled(a, b, seed);
        }
    }

    private static void Wish(IkeWorld world, IkeHost host, IkeHost peer, Random random)
    {
        switch (random.Next(7))
        {
            case 0:
                host.Connect(peer);
                break;
            case 1 or 2:
                host.Do(e => e.RekeyChild(world.Now, peer.Identifier));
                break;
            case 3 or 4:
                host.Do(e => e.RekeyIke(world.Now, peer.Identifier));
                break;
            case 5:
                world.Move(host, $"192.0.2.{random.Next(1, 250)}:{random.Next(1024, 60000)}");
                host.Do(e => e.UpdateAddresses(world.Now, null));
                if (random.Next(2) == 0) peer.Do(e => e.SetPeerEndpoint(world.Now, host.Identifier, host.Public));
                break;
            default:
                host.SendPacket(peer);
                break;
        }
    }

    private static IkeOptions Fast(IkeOptions options) =>
        options with { Suites = [IkeSuite.Aes256Gcm16PrfSha256Ecp256], PerfectForwardSecrecy = false };

    private static void AssertSettled(IkeHost a, IkeHost b, int seed)
    {
        string Describe(IkeHost host) =>
            $"{host.Name}: {host.Endpoint.GetSas().Count} IKE SAs, {host.Installed.Count} pairs, last closed: {host.All<IkeSaClosed>().LastOrDefault()?.Reason}"
            + $", pairs {string.Join(' ', host.Installed.Values.Select(c => $"{c.Inbound.Spi:x8}/{c.Outbound.Spi:x8}"))}"
            + $", sends on {string.Join(' ', host.Sending.Values.Select(s => $"{s:x8}"))}"
            + $", children {string.Join(' ', host.Endpoint.GetSas().SelectMany(s => s.ChildSpis).Select(s => $"{s:x8}"))}";
        string both = $"seed {seed}; {Describe(a)}; {Describe(b)}";
        Assert.True(a.Reaches(b), both);
        Assert.True(b.Reaches(a), both);
        Assert.True(a.Endpoint.GetSas().Count == 1 && b.Endpoint.GetSas().Count == 1, both);
        Assert.True(a.Endpoint.GetSas()[0].ChildSpis.Count == 1 && b.Endpoint.GetSas()[0].ChildSpis.Count == 1, both);
        Assert.True(a.Endpoint.GetSas()[0].ResponderSpi == b.Endpoint.GetSas()[0].ResponderSpi, both);
    }
}
