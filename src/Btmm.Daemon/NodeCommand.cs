using System.Net;
using Btmm.Core.NatTraversal;
using Btmm.Core.Node;
using Btmm.Core.SignOn;
using Btmm.Platform.Linux;

namespace Btmm.Daemon;

/// <summary><c>btmmd node</c>: runs a node until it is told to stop.</summary>
internal static class NodeCommand
{
    private const string StateRoot = "/var/lib/btmm";
    private const int StunPort = 3478;
    private const int SmallestMtu = 1280;
    private const int LargestMtu = 1500;

    internal static async Task<int> RunAsync(IReadOnlyList<string> arguments, TextWriter output, TextWriter error, CancellationToken stop)
    {
        CommandLine line = CommandLine.Parse(
            arguments,
            ["--account", "--host", "--state", "--port", "--interface", "--mtu", "--lease", "--hosts", "--mapping", "--endpoint"],
            ["--server", "--stun-server"],
            ["--no-hosts", "--on-demand", "--json"]);
        if (line.Has("--hosts") && line.Has("--no-hosts")) throw new UsageException("--hosts and --no-hosts exclude each other");
        PortMappingMethod[] methods = ParseMethods(line.Get("--mapping"));
        StatedEndpoint? stated = ParseStated(line.Get("--endpoint"));
        DnsEndPoint[] stunServers = [.. line.All("--stun-server").Select(ParseStunServer)];
        string host = line.Require("--host");
        using BtmmAccount stored = await AccountFile.LoadAsync(line.Require("--account"), stop).ConfigureAwait(false);
        BtmmAccount account = AccountCommand.Servers(line) is { Count: > 0 } servers ? stored.WithServers(servers) : stored;
        BtmmNodeOptions options = Options(line, account, host) with { MappingMethods = methods, StatedEndpoint = stated, StunServers = stunServers };
        if (!OperatingSystem.IsLinux())
        {
            error.WriteLine("btmmd: the node runs on Linux only.");
            return ExitCode.Failure;
        }

        var node = new BtmmNode(options, LinuxNodePlatform.Create(line.Get("--hosts")));
        await using (node.ConfigureAwait(false))
        {
            Task printing = PrintAsync(node, new EventPrinter(output, line.Has("--json")));
            try
            {
                await node.StartAsync(stop).ConfigureAwait(false);
                await Task.Delay(Timeout.Infinite, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            finally
            {
                await node.StopAsync().ConfigureAwait(false);
                await printing.ConfigureAwait(false);
            }
        }

        return ExitCode.Success;
    }

    private static BtmmNodeOptions Options(CommandLine line, BtmmAccount account, string host)
    {
        TimeSpan lease = line.Get("--lease") is { } text ? CommandLine.ParseDuration(text) : TimeSpan.FromMinutes(90);
        if (lease < BtmmNodeOptions.ShortestLease || lease > BtmmNodeOptions.LongestLease) throw new UsageException("--lease must be from 30m to 2h");
        return new BtmmNodeOptions
        {
            Account = account,
            HostLabel = host,
            StateDirectory = line.Get("--state") ?? Path.Combine(StateRoot, account.Domain.ToLower().ToString()),
            Port = line.GetInteger("--port", 1, ushort.MaxValue),
            InterfaceName = line.Get("--interface") ?? "btmm%d",
            Mtu = line.GetInteger("--mtu", SmallestMtu, LargestMtu) ?? SmallestMtu,
            Lease = lease,
            WriteHosts = !line.Has("--no-hosts"),
            ConnectAtOnce = !line.Has("--on-demand"),
        };
    }

    private static PortMappingMethod[] ParseMethods(string? names) =>
        names is null or "auto" ? [] : [.. names.Split(',').Select(ParseMethod).Distinct()];

    private static PortMappingMethod ParseMethod(string name) => name switch
    {
        "pcp" => PortMappingMethod.Pcp,
        "nat-pmp" => PortMappingMethod.NatPmp,
        "igd" => PortMappingMethod.Igd,
        _ => throw new UsageException("--mapping must be auto, or some of pcp, nat-pmp and igd with commas between them"),
    };

    private static StatedEndpoint? ParseStated(string? text) =>
        text is null ? null
        : StatedEndpoint.TryParse(text, out StatedEndpoint? stated) ? stated
        : throw new UsageException("--endpoint must be auto, an IPv4 address, ADDRESS:PORT or :PORT");

    private static DnsEndPoint ParseStunServer(string text)
    {
        (string host, int? port) = CommandLine.ParseServer(text);
        bool isHost = Uri.CheckHostName(host) is UriHostNameType.Dns or UriHostNameType.IPv4;
        return isHost ? new DnsEndPoint(host, port ?? StunPort) : throw new UsageException("--stun-server must be a host name or an IPv4 address, with or without :PORT");
    }

    private static async Task PrintAsync(BtmmNode node, EventPrinter printer)
    {
        await foreach (NodeEvent happened in node.Events.ReadAllAsync().ConfigureAwait(false))
        {
            string? interfaceName = happened.Kind == NodeEventKind.Started ? node.GetStatus().InterfaceName : null;
            printer.Print(happened, interfaceName);
        }
    }
}
