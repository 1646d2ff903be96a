using System.Diagnostics;
using System.Globalization;
using System.Net;
using Btmm.Core.Contracts;
using Btmm.Core.NatTraversal;
using Btmm.Core.NatTraversal.Auto;
using Btmm.Core.NatTraversal.Keeping;
using Btmm.TestKit;

namespace Btmm.Interop.Tests.Nat;

/// <summary>The keeper's second loop with a real miniupnpd: a pinhole for the host's own IPv6 address beside the mapping of IPv4.</summary>
public sealed class KeeperPinholeTests(PcpLab fixture) : IClassFixture<PcpLab>
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Keeper_PinholesWanted_BothCandidatesLeadHereAndBothAreReleased()
    {
        Lab lab = fixture.Require();
        const int port = 42301;
        NamespaceNetwork network = lab.Network("six");
        IPEndPoint own = new(LabMappers.Route(network, ipv6: true).LocalAddress, port);
        PortMapperServices services = LabMappers.Services(network);
        MappingKeeperOptions options = new() { InternalPort = port, Pinholes = true };
        MappingKeeper keeper = new(
            options, network, new PortMapperFactory(services), TimeProvider.System, SystemRandomSource.Instance, services.Memory);
        await using (keeper)
        {
            Stopwatch clock = Stopwatch.StartNew();
            keeper.Start();
            await Eventually.HoldsAsync(() => keeper.Current.Candidates.Count == 2, "a mapping and a pinhole", s_limit);
            Report("a mapping and a pinhole", clock.Elapsed);
            Assert.Equal(
                [EndpointCandidateKind.Mapped, EndpointCandidateKind.Pinhole], keeper.Current.Candidates.Select(candidate => candidate.Kind));
            Assert.Equal(own, new IPEndPoint(keeper.Current.Candidates[1].Address, keeper.Current.Candidates[1].Port));
            Assert.Equal(lab.AddressOf("gw-six"), keeper.Current.Endpoint?.Address);
            foreach (EndpointCandidate candidate in keeper.Current.Candidates)
                Assert.True(await LabReach.IsReachableAsync(lab, "six", port, new IPEndPoint(candidate.Address, candidate.Port), s_limit), $"{candidate}");

            Assert.True(await keeper.StopAsync());
        }

        Assert.Empty(services.Memory.Mappings);
        string number = port.ToString(CultureInfo.InvariantCulture);
        Assert.DoesNotContain(lab.Leases("gw-six"), lease => lease.Contains(number, StringComparison.Ordinal));
        Assert.False(await LabReach.IsReachableAsync(lab, "six", port, own, TimeSpan.FromMilliseconds(500)));
    }

    private static void Report(string what, TimeSpan took) =>
        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what}: {took.TotalSeconds:F2} s"));
}
