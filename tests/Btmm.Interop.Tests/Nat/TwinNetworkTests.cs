using Btmm.Core.Contracts;
using Btmm.Core.NatTraversal;
using Btmm.Core.NatTraversal.Auto;
using Btmm.Core.NatTraversal.Memory;
using Btmm.TestKit;

namespace Btmm.Interop.Tests.Nat;

/// <summary>Two networks whose gateways, both miniupnpd, have one inner address: what is left on the first is not sought, nor forgotten, on the second.</summary>
public sealed class TwinNetworkTests
{
    private const int Port = 43210;

    [Theory]
    [InlineData("pcp", PortMappingMethod.Pcp)]
    [InlineData("igd", PortMappingMethod.Igd)]
    public async Task Crash_ThenAStartOnATwinNetwork_MappingAtHomeSurvivesAndIsReleasedAtHome(string speaks, PortMappingMethod method)
    {
        Assert.SkipWhen(Lab.Unavailable is not null, Lab.Unavailable ?? "");
        using Lab lab = Lab.Start("twin");
        foreach (string gateway in new[] { "gw-home", "gw-twin" }) lab.SpeakOnly(gateway, speaks);
        string path = Path.Combine(Directory.CreateTempSubdirectory("btmm-twin-").FullName, "mappings.json");
        try
        {
            await using (IPortMapper crashed = new PortMapperFactory(Services(lab, path)).Open(lab.Network("studio").FindDefault()!))
                await crashed.MapAsync(new PortMappingRequest(PortMappingProtocol.Udp, Port, Port, TimeSpan.FromHours(1)), ExchangeEffort.Thorough, CancellationToken.None);
            PortMapping left = Assert.Single(Memory(path).Mappings);
            Assert.Equal(method, left.Method);
            Assert.NotNull(left.GatewayLinkAddress);
            string lease = Assert.Single(LabReach.Leases(lab, "gw-home", Port));

            lab.Roam("studio", "twin");
            Assert.Equal(left.Gateway, lab.Network("studio").FindDefault()?.Gateway);
            Assert.Empty(await ReleaseAsync(lab, path));
            await using (LabKeeper host = new(lab, "studio", Port, method: null, memory: Memory(path)))
            {
                await host.AvailableAsync("198.51.100.32");
                Assert.Single(LabReach.Leases(lab, "gw-twin", Port));
                Assert.Equal(2, Memory(path).Mappings.Select(mapping => mapping.Identity).Distinct().Count());
                Assert.True(await host.Keeper.StopAsync());
            }

            Assert.Empty(LabReach.Leases(lab, "gw-twin", Port));
            Assert.Equal(left, Assert.Single(Memory(path).Mappings));
            Assert.Equal(lease, Assert.Single(LabReach.Leases(lab, "gw-home", Port)));

            lab.Roam("studio", "home");
            Assert.Equal(left, Assert.Single(await ReleaseAsync(lab, path)));
            Assert.Empty(LabReach.Leases(lab, "gw-home", Port));
            Assert.Empty(Memory(path).Mappings);
        }
        finally
        {
            Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
        }
    }

    private static MappingMemory Memory(string path) => MappingMemory.Open(path, SystemRandomSource.Instance, TimeProvider.System);

    private static PortMapperServices Services(Lab lab, string path) => LabMappers.Services(lab.Network("studio")) with { Memory = Memory(path) };

    /// <summary>What a start on the present network releases, of ports that it does not use itself.</summary>
    private static async Task<List<PortMapping>> ReleaseAsync(Lab lab, string path)
    {
        List<PortMapping> released = [];
        PortMapperServices services = Services(lab, path);
        await new FormerMappings(services.Memory, new PortMapperFactory(services), lab.Network("studio")).ReleaseAsync(
            PortMappingProtocol.Udp, Port + 1, released.Add, failure => Assert.Fail(failure.Message), CancellationToken.None);
        return released;
    }
}
