using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal;
using Btmm.Core.NatTraversal.Keeping;
using Btmm.Core.NatTraversal.Memory;
using Btmm.Core.Tests.NatTraversal.Auto;
using Btmm.Core.Tests.Node;
using Btmm.TestKit;

namespace Btmm.Core.Tests.NatTraversal.Keeping;

/// <summary>The keeper when something ends: a look, the network, the mapping, the disk's room, the program.</summary>
public sealed class MappingKeeperEndTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly FakeGatewayFinder _routes = new();

    public MappingKeeperEndTests() => _routes.Set("192.168.1.1", "192.168.1.100");

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Look_CutShort_HasEndedWhenItsMapperGoes(bool stops)
    {
        AutoFixture lab = new();
        MappingKeeper keeper = NewKeeper(lab);
        foreach (FakeMethod method in lab.Methods)
        {
            method.Dumb = true;
            method.Lingering = TimeSpan.FromSeconds(1);
        }

        keeper.Start();
        await lab.Clock.RunUntilAsync(() => lab.Igd.Queries == 1, TimeSpan.FromSeconds(1));
        if (!stops) keeper.NotifyNetworkChanged();
        Task<bool> stop = stops ? keeper.StopAsync() : Task.FromResult(true);
        await lab.Clock.RunForAsync(TimeSpan.FromSeconds(5));
        Assert.All(lab.Methods, method => Assert.False(method.WasDisposedInUse));
        if (!stops) stop = keeper.StopAsync();
        await lab.RunAsync(stop);
    }

    [Fact]
    public async Task Stop_OneProtocolSilent_MappingsOfTheOthersAreReleasedInTime()
    {
        AutoFixture lab = new();
        MappingKeeper keeper = await StartAsync(lab, lab.Igd);
        PortMapping own = Assert.Single(lab.Memory.Mappings);
        foreach (FakeMethod method in new[] { lab.Pcp, lab.NatPmp })
        {
            lab.Memory.Note(own with { Method = method.Method });
            lab.Table.Set(method.Method, AutoFixture.Port, lab.Clock.GetUtcNow(), own.Lifetime, permanent: false);
        }

        lab.Pcp.Deaf = true;
        TimeSpan start = lab.Clock.Elapsed;
        Assert.False(await lab.RunAsync(keeper.StopAsync()));
        Assert.True(lab.Clock.Elapsed - start <= TimeSpan.FromSeconds(2), $"{lab.Clock.Elapsed - start}");
        Assert.False(lab.Table.Has(PortMappingMethod.Igd, AutoFixture.Port));
        Assert.False(lab.Table.Has(PortMappingMethod.NatPmp, AutoFixture.Port));
        Assert.Equal(PortMappingMethod.Pcp, Assert.Single(lab.Memory.Mappings).Method);
    }

    [Theory]
    [InlineData(PortMappingMethod.Pcp)]
    [InlineData(PortMappingMethod.NatPmp)]
    [InlineData(PortMappingMethod.Igd)]
    public async Task Stop_OneMapping_IsDeletedOnceThoughLeaseAndMemoryBothKnowIt(PortMappingMethod method)
    {
        AutoFixture lab = new();
        FakeMethod one = lab.Methods.Single(fake => fake.Method == method);
        MappingKeeper keeper = await StartAsync(lab, one);
        Assert.True(await lab.RunAsync(keeper.StopAsync()));
        Assert.Equal(1, one.Deletes);
    }

    [Fact]
    public async Task Gateway_OutOfOrderForLongerThanIsForgiven_MappedAgainThoughItTellsOfNoLoss()
    {
        AutoFixture lab = new();
        MappingKeeper keeper = await StartAsync(lab, lab.NatPmp);
        lab.NatPmp.QueryFailure = BtmmErrorReason.PortMappingNetworkFailure;
        await lab.Clock.RunUntilAsync(() => keeper.Current.Phase == EndpointPhase.Unavailable, TimeSpan.FromMinutes(10));
        lab.Table.Clear();
        lab.NatPmp.QueryFailure = null;
        await lab.Clock.RunUntilAsync(() => keeper.Current.Phase == EndpointPhase.Available, TimeSpan.FromMinutes(2));
        Assert.Equal(1, lab.Mappings);
        await lab.RunAsync(keeper.StopAsync());
    }

    [Fact]
    public async Task Stop_OneDeletionRefused_TheOthersAreReleased()
    {
        AutoFixture lab = new();
        MappingKeeper keeper = await StartAsync(lab, lab.Igd);
        PortMapping own = Assert.Single(lab.Memory.Mappings);
        lab.Memory.Note(own with { Method = PortMappingMethod.NatPmp });
        lab.Table.Set(PortMappingMethod.NatPmp, AutoFixture.Port, lab.Clock.GetUtcNow(), own.Lifetime, permanent: false);
        lab.Igd.DeleteFailure = BtmmErrorReason.PortMappingNotAuthorized;
        Assert.False(await lab.RunAsync(keeper.StopAsync()));
        Assert.False(lab.Table.Has(PortMappingMethod.NatPmp, AutoFixture.Port));
    }

    [Fact]
    public async Task Stop_PermanentMappingNotRenewedForLong_IsReleased()
    {
        AutoFixture lab = new();
        lab.Igd.GrantsPermanently = true;
        MappingKeeper keeper = await StartAsync(lab, lab.Igd);
        lab.Igd.QueryFailure = BtmmErrorReason.PortMappingNotAuthorized;
        await lab.Clock.RunForAsync(TimeSpan.FromHours(2));
        lab.Igd.QueryFailure = null;
        Assert.True(await lab.RunAsync(keeper.StopAsync()));
        Assert.Equal(0, lab.Mappings);
    }

    [Fact]
    public async Task Memory_UnreadableWhileMapped_EndpointStaysUntilTheMappingEndsThenSaysWhy()
    {
        string path = _directory.File("mappings.json");
        FakeClock clock = new();
        AutoFixture lab = new(MappingMemory.Open(path, SystemRandomSource.Instance, clock), clock);
        MappingKeeper keeper = await StartAsync(lab, lab.NatPmp);
        string good = await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(path, """{"version":99}""", TestContext.Current.CancellationToken);
        await lab.Clock.RunForAsync(TimeSpan.FromMinutes(50));
        Assert.Equal(EndpointPhase.Available, keeper.Current.Phase);
        await lab.Clock.RunForAsync(TimeSpan.FromMinutes(15));
        Assert.Equal(BtmmErrorReason.StateDirectoryInvalid, keeper.Current.Reason);
        Assert.Contains("version", keeper.Current.Remedy, StringComparison.Ordinal);
        await File.WriteAllTextAsync(path, good, TestContext.Current.CancellationToken);
        await lab.Clock.RunUntilAsync(() => keeper.Current.Phase == EndpointPhase.Available, TimeSpan.FromMinutes(2));
        Assert.True(await lab.RunAsync(keeper.StopAsync()));
        Assert.Equal(0, lab.Mappings);
    }

    [Fact]
    public async Task Disk_FullWhileMapped_EndpointStaysForGood()
    {
        string path = _directory.File("mappings.json");
        FakeClock clock = new();
        AutoFixture lab = new(MappingMemory.Open(path, SystemRandomSource.Instance, clock), clock);
        MappingKeeper keeper = await StartAsync(lab, lab.NatPmp);
        Directory.CreateDirectory(path + ".new/in-the-way"); // Nothing can be written any more.
        for (int hour = 0; hour < 3; hour++)
        {
            await lab.Clock.RunForAsync(TimeSpan.FromHours(1));
            Assert.Equal(EndpointPhase.Available, keeper.Current.Phase);
            Assert.Equal(1, lab.Mappings);
        }

        await lab.RunAsync(keeper.StopAsync());
        Assert.Equal(0, lab.Mappings);
    }

    [Fact]
    public async Task Fault_KnownReason_IsToldWithItsRemedy()
    {
        FakeClock clock = new();
        BtmmException failure = new(BtmmErrorReason.StateDirectoryInvalid, "It cannot be used.", "Give another one.");
        await using MappingKeeper keeper = new(
            new MappingKeeperOptions { InternalPort = AutoFixture.Port }, _routes, new FailingFactory(failure), clock, SystemRandomSource.Instance);
        keeper.Start();
        await clock.RunUntilAsync(() => keeper.Current.Phase == EndpointPhase.Unavailable, TimeSpan.FromSeconds(1));
        Assert.Equal((failure.Reason, failure.Message, failure.Remedy), (keeper.Current.Reason, keeper.Current.Message, keeper.Current.Remedy));
    }

    private async Task<MappingKeeper> StartAsync(AutoFixture lab, FakeMethod one)
    {
        lab.UseOnly(one);
        MappingKeeper keeper = NewKeeper(lab);
        keeper.Start();
        await lab.Clock.RunUntilAsync(() => keeper.Current.Phase == EndpointPhase.Available, TimeSpan.FromSeconds(10));
        return keeper;
    }

    private MappingKeeper NewKeeper(AutoFixture lab) => new(
        new MappingKeeperOptions { InternalPort = AutoFixture.Port, PollInterval = TimeSpan.FromMinutes(5) },
        _routes,
        lab,
        lab.Clock,
        SystemRandomSource.Instance,
        lab.Memory);

    private sealed class FailingFactory(Exception failure) : IPortMapperFactory
    {
        public IPortMapper Open(GatewayRoute route) => throw failure;
    }
}
