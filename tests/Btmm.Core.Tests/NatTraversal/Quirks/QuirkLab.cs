using System.Net;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal;
using Btmm.Core.NatTraversal.Auto;
using Btmm.Core.NatTraversal.Keeping;
using Btmm.Core.NatTraversal.Memory;
using Btmm.Core.Tests.Kit;
using Btmm.TestKit;

namespace Btmm.Core.Tests.NatTraversal.Quirks;

/// <summary>
/// A host whose gateway has quirks, with the real mappers and the real keeper, on a virtual wire and clock; and a stranger's host
/// that serves whatever it is asked for, so that a wrong way is taken when it can be.
/// </summary>
internal sealed class QuirkLab : IAsyncDisposable
{
    public const int Port = 45678;
    public const string Local = "192.168.1.100";
    public const string Global = "2001:db8::100";
    public const string Stranger = "192.0.2.66";

    private readonly List<IPortMapper> _mappers = [];
    private readonly VirtualListener[] _lures;

    /// <param name="method">The one protocol that the gateway speaks and the host uses; null for all of them.</param>
    /// <param name="quirks">How the gateway misbehaves.</param>
    /// <param name="pollInterval">How often the keeper asks for the address; null for its default.</param>
    /// <param name="pinholes">Whether the gateway is one of IPv6 too, and the keeper wants pinholes.</param>
    public QuirkLab(PortMappingMethod? method, FakeGatewayQuirks? quirks = null, TimeSpan? pollInterval = null, bool pinholes = false)
    {
        Wire = new VirtualWire(Clock);
        Host = Wire.Host(Local, "fe80::100", Global);
        Gateway = new FakeGateway(Wire, "192.168.1.1", "203.0.113.10", Clock, Protocols(method), "fe80::1") { Quirks = quirks ?? new() };
        VirtualHost stranger = Wire.Host(Stranger);
        _lures = [stranger.Listen(80), stranger.Listen(5000)];
        Routes.Set("192.168.1.1", Local);
        if (pinholes) Routes.SetV6("fe80::1%2", Global);
        Memory = new MappingMemory(SystemRandomSource.Instance);
        Services = new PortMapperServices(Host, Host, SystemRandomSource.Instance, Clock, Memory);
        MappingKeeperOptions options = new() { InternalPort = Port, Pinholes = pinholes };
        if (pollInterval is { } interval) options = options with { PollInterval = interval };
        Keeper = new MappingKeeper(
            options, Routes, new PortMapperFactory(Services, method), Clock, SystemRandomSource.Instance, Memory);
    }

    public FakeClock Clock { get; } = new();

    public VirtualWire Wire { get; }

    public VirtualHost Host { get; }

    public FakeGateway Gateway { get; }

    public FakeGatewayFinder Routes { get; } = new();

    public MappingMemory Memory { get; }

    public PortMapperServices Services { get; }

    public MappingKeeper Keeper { get; }

    public EndpointState State => Keeper.Current;

    /// <summary>How the gateway misbehaves from now on.</summary>
    public FakeGatewayQuirks Quirks
    {
        get => Gateway.Quirks;
        set => Gateway.Quirks = value;
    }

    /// <summary>What has to be asked of the mapping in these tests.</summary>
    public static PortMappingRequest Request { get; } = new(PortMappingProtocol.Udp, Port, Port, TimeSpan.FromHours(1));

    public GatewayRoute Route => Routes.FindDefault()!;

    /// <summary>A mapper of its own, besides the keeper's.</summary>
    public IPortMapper Mapper(PortMappingMethod? method)
    {
        IPortMapper mapper = new PortMapperFactory(Services, method).Open(Route);
        _mappers.Add(mapper);
        return mapper;
    }

    /// <summary>Starts the keeper and waits until the host has an endpoint.</summary>
    public async Task StartAsync(TimeSpan? limit = null)
    {
        Keeper.Start();
        await UntilAsync(() => State.Phase == EndpointPhase.Available, limit);
    }

    /// <summary>Starts the keeper and waits until it is known that the host has none.</summary>
    public async Task StartInVainAsync()
    {
        Keeper.Start();
        await UntilAsync(() => State.Phase == EndpointPhase.Unavailable);
    }

    /// <summary>Waits. Returns how long that took in virtual time.</summary>
    public async Task<TimeSpan> UntilAsync(Func<bool> condition, TimeSpan? limit = null)
    {
        TimeSpan start = Clock.Elapsed;
        await Clock.RunUntilAsync(condition, limit ?? TimeSpan.FromHours(2));
        return Clock.Elapsed - start;
    }

    public Task<T> RunAsync<T>(Task<T> task) => Clock.RunAsync(task);

    public Task RunAsync(Task task) => Clock.RunAsync(task);

    public Task<BtmmException> FailAsync(Task task) => Clock.FailAsync(task);

    /// <summary>
    /// Asks the gateway, maps a port and gives it back, and sees that this worked, that there never was a second mapping, and that nothing
    /// is left. Returns the mapping.
    /// </summary>
    public async Task<PortMapping> MapAndReleaseAsync(PortMappingMethod method)
    {
        IPortMapper mapper = Mapper(method);
        await RunAsync(mapper.QueryAsync(ExchangeEffort.Brisk, CancellationToken.None));
        PortMapping mapping = await RunAsync(mapper.MapAsync(Request, ExchangeEffort.Brisk, CancellationToken.None));
        FakeMapping made = Assert.Single(Gateway.Mappings, IsOurs);
        Assert.Equal((made.ExternalPort, made.InternalPort), (mapping.ExternalPort, mapping.InternalPort));
        await RunAsync(mapper.DeleteAsync(mapping, ExchangeEffort.Brisk, CancellationToken.None));
        Assert.DoesNotContain(Gateway.Mappings, IsOurs);
        Assert.Empty(Memory.Mappings);
        OnlyTheGatewayWasAsked();
        return mapping;
    }

    /// <summary>Lets time pass in steps. Returns at how many of their ends the gateway did not forward the port to this host.</summary>
    public async Task<int> CountGapsAsync(TimeSpan duration, TimeSpan step)
    {
        int gaps = 0;
        for (TimeSpan passed = TimeSpan.Zero; passed < duration; passed += step)
        {
            await Clock.RunForAsync(step);
            if (!Gateway.Mappings.Any(IsOurs)) gaps++;
        }

        return gaps;
    }

    /// <summary>Stops the keeper. Returns whether the mapping was given back, or there was none.</summary>
    public async Task<bool> StopAsync()
    {
        Task<bool> stop = Keeper.StopAsync();
        await Clock.RunUntilAsync(() => stop.IsCompleted, TimeSpan.FromMinutes(1));
        return await stop;
    }

    /// <summary>Stops the keeper and sees that nothing is left behind, and that nobody but the gateway was asked.</summary>
    public async Task ReleaseAsync()
    {
        Assert.True(await StopAsync());
        Assert.DoesNotContain(Gateway.Mappings, IsOurs);
        Assert.Empty(Memory.Mappings);
        OnlyTheGatewayWasAsked();
    }

    /// <summary>Sees that the host sent nothing to and fetched nothing from anybody else.</summary>
    public void OnlyTheGatewayWasAsked()
    {
        string[] allowed = ["192.168.1.1", "fe80::1", "239.255.255.250"];
        IPAddress[] own = [IPAddress.Parse(Local), IPAddress.Parse("fe80::100"), IPAddress.Parse(Global)];
        Assert.All(Wire.Sent.Where(d => own.Contains(d.From.Address)), d => Assert.Contains(d.To.Address.ToString(), allowed));
        Assert.All(Wire.Connects, connect => Assert.Equal(Gateway.Address, connect.To.Address));
    }

    /// <summary>How many states the keeper told since the last call.</summary>
    public int CountTold()
    {
        int told = 0;
        while (Keeper.Changes.TryRead(out _)) told++;
        return told;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        foreach (IPortMapper mapper in _mappers) await mapper.DisposeAsync();
        foreach (VirtualListener lure in _lures) await lure.DisposeAsync();
        await Gateway.DisposeAsync();
    }

    private static bool IsOurs(FakeMapping mapping) => mapping.InternalPort == Port && !mapping.Client.Equals(IPAddress.Parse("192.168.1.7"));

    private static FakeGatewayProtocols Protocols(PortMappingMethod? method) => method switch
    {
        PortMappingMethod.NatPmp => FakeGatewayProtocols.NatPmp,
        PortMappingMethod.Pcp => FakeGatewayProtocols.Pcp,
        PortMappingMethod.Igd => FakeGatewayProtocols.Igd,
        _ => FakeGatewayProtocols.All,
    };
}
