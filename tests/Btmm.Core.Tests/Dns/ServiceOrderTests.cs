using Btmm.Core.Dns;
using Btmm.Protocol;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;

namespace Btmm.Core.Tests.Dns;

public sealed class ServiceOrderTests
{
    private static readonly DnsName s_host = DnsName.Parse("ns.example.net");

    [Fact]
    [Trait("rfc", "2782")]
    public void Sort_EqualPriorities_FirstAsOftenAsTheirWeightsSay()
    {
        SrvData[] services = [new(1, 60, 1, s_host), new(1, 30, 2, s_host), new(1, 10, 3, s_host), new(0, 0, 4, s_host), new(2, 65535, 5, s_host), new(0, 9, 6, DnsName.Root)];
        var random = new SeededSource(2782);
        var firsts = new Dictionary<int, int>();
        for (int i = 0; i < 10_000; i++)
        {
            IReadOnlyList<SrvData> sorted = ServiceOrder.Sort(services, random);
            Assert.Equal(5, sorted.Count);
            Assert.Equal(4, sorted[0].Port);
            Assert.Equal(5, sorted[4].Port);
            firsts[sorted[1].Port] = firsts.GetValueOrDefault(sorted[1].Port) + 1;
        }

        Assert.InRange(firsts[1], 5800, 6200);
        Assert.InRange(firsts[2], 2800, 3200);
        Assert.InRange(firsts[3], 850, 1150);
    }

    [Fact]
    [Trait("rfc", "2782")]
    public void Sort_WithoutWeights_KeepsAll()
    {
        SrvData[] services = [new(1, 0, 1, s_host), new(1, 0, 2, s_host)];
        Assert.Equal([1, 2], ServiceOrder.Sort(services, new SeededSource(1)).Select(srv => (int)srv.Port).Order());
        Assert.Empty(ServiceOrder.Sort([], new SeededSource(1)));
    }

    private sealed class SeededSource(int seed) : IRandomSource
    {
        private readonly Random _random = new(seed);

        public void Fill(Span<byte> destination) => _random.NextBytes(destination);
    }
}
