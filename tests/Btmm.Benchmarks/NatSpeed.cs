using System.Diagnostics;
using System.Globalization;
using Btmm.Core.Contracts;
using Btmm.Core.NatTraversal;
using Btmm.Core.NatTraversal.Auto;
using Btmm.Core.NatTraversal.Keeping;
using Btmm.Core.NatTraversal.Memory;
using Btmm.Platform.Linux;
using Btmm.Platform.Sockets;

namespace Btmm.Benchmarks;

/// <summary>
/// <c>btmm-bench nat [RUNS] [auto|pcp|natpmp|igd] [pinhole]</c>: seconds from a mapping keeper's start to an endpoint that the gateway has
/// granted, on the network it is run in: with a memory that knows nothing, and with one that knows what worked there. Prints one line:
/// what the first keeper took, which compiles the code, and of the others the medians and the slowest, in milliseconds.
/// </summary>
internal static class NatSpeed
{
    private const int FirstPort = 42000;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    internal static async Task<int> RunAsync(string[] arguments)
    {
        int runs = arguments.Length > 0 ? int.Parse(arguments[0], CultureInfo.InvariantCulture) : 5;
        PortMappingMethod? method = arguments.ElementAtOrDefault(1) switch
        {
            null or "auto" => null,
            "pcp" => PortMappingMethod.Pcp,
            "natpmp" => PortMappingMethod.NatPmp,
            _ => PortMappingMethod.Igd,
        };
        bool isPinhole = arguments.ElementAtOrDefault(2) == "pinhole";
        int port = FirstPort;
        if (await StartAsync(port++, method, isPinhole, NewMemory()) is not { } compiling)
        {
            Console.WriteLine("no endpoint");
            return 1;
        }

        List<double> cold = [], warm = [];
        MappingMemory known = NewMemory();
        await StartAsync(port++, method, isPinhole, known);
        for (int run = 0; run < runs; run++)
        {
            if (await StartAsync(port++, method, isPinhole, NewMemory()) is { } first) cold.Add(first);
            if (await StartAsync(port++, method, isPinhole, known) is { } again) warm.Add(again);
        }

        Console.WriteLine($"first {Text([compiling])} cold {Text(cold)} warm {Text(warm)}");
        return 0;
    }

    private static MappingMemory NewMemory() => new(SystemRandomSource.Instance);

    /// <summary>Milliseconds to the endpoint; null when there was none. The mapping is released again.</summary>
    private static async Task<double?> StartAsync(int port, PortMappingMethod? method, bool isPinhole, MappingMemory memory)
    {
        var services = new PortMapperServices(
            new UdpDatagramChannelFactory(), new TcpStreamDialer(), SystemRandomSource.Instance, TimeProvider.System, memory);
        var options = new MappingKeeperOptions { InternalPort = port, Pinholes = isPinhole };
        await using var keeper = new MappingKeeper(
            options, new NetlinkGatewayFinder(), new PortMapperFactory(services, method), TimeProvider.System, SystemRandomSource.Instance, memory);
        using var limit = new CancellationTokenSource(s_patience);
        Stopwatch clock = Stopwatch.StartNew();
        keeper.Start();
        try
        {
            await foreach (EndpointState state in keeper.Changes.ReadAllAsync(limit.Token))
            {
                bool isThere = isPinhole ? state.Candidates.Any(candidate => candidate.Kind == EndpointCandidateKind.Pinhole) : state.Endpoint is not null;
                if (isThere) return clock.Elapsed.TotalMilliseconds;
            }
        }
        catch (OperationCanceledException)
        {
            Console.Error.WriteLine($"{keeper.Current.Reason}: {keeper.Current.Message}");
        }

        return null;
    }

    private static string Text(List<double> times)
    {
        if (times.Count == 0) return "- -";
        double[] sorted = [.. times.Order()];
        return string.Create(CultureInfo.InvariantCulture, $"{sorted[(sorted.Length - 1) / 2]:F1} {sorted[^1]:F1}");
    }
}
