using System.Net;
using Btmm.TestKit;

namespace Btmm.Interop.Tests;

/// <summary>
/// The lab with a zone service on "dns", a node "studio" behind gw-home and a node "laptop" behind gw-cafe, all of one account.
/// </summary>
internal sealed class NodeLab : IAsyncDisposable
{
    internal const string Domain = "alice.members.example.net";
    internal const string Studio = "studio";
    internal const string Laptop = "laptop";

    private const string Service = "dns";

    private readonly string _directory = Directory.CreateTempSubdirectory("btmm-nodes-").FullName;
    private readonly List<NodeProcess> _processes = [];

    private NodeLab(Lab lab) => Lab = lab;

    internal Lab Lab { get; }

    private bool WithTls { get; init; }

    internal NodeProcess Zone { get; private set; } = null!;

    internal Dictionary<string, NodeProcess> Nodes { get; } = [];

    private string AccountPath => Path.Combine(_directory, "account");

    /// <summary>Builds the lab and waits until both nodes have a tunnel to each other.</summary>
    /// <param name="parts">Further parts of the lab.</param>
    internal static Task<NodeLab> StartAsync(params string[] parts) => StartAsync(withTls: false, parts);

    /// <summary>The same; with TLS the zone service offers everything by TLS too, and the nodes use that.</summary>
    internal static async Task<NodeLab> StartAsync(bool withTls, params string[] parts)
    {
        Assert.SkipWhen(Lab.Unavailable is not null, Lab.Unavailable ?? "");
        var made = new NodeLab(Lab.Start(parts)) { WithTls = withTls };
        try
        {
            await made.MakeAccountAsync();
            await made.StartZoneAsync();
            made.StartNode(Studio);
            made.StartNode(Laptop);
            await made.WaitForTunnelsAsync();
            return made;
        }
        catch
        {
            await made.DisposeAsync();
            throw;
        }
    }

    internal static string NameOf(string host) => $"{host}.{Domain}";

    internal async Task StartZoneAsync()
    {
        string[] tls = WithTls ? ["--tls", "203.0.113.53:853"] : [];
        Zone = NodeProcess.Start(Lab, Service, ["zone", "--account", AccountPath, "--listen", "203.0.113.53:53", "--llq", "203.0.113.53:5352", .. tls]);
        _processes.Add(Zone);
        await Zone.WaitForAsync("zone-started");
    }

    /// <summary>Starts a node.</summary>
    /// <param name="host">Where.</param>
    /// <param name="options">Further options of btmmd.</param>
    internal NodeProcess StartNode(string host, params string[] options)
    {
        NodeProcess node = NodeProcess.Start(
            Lab, host, [.. options.Prepend("node"), "--account", AccountPath, "--host", host, "--state", Path.Combine(_directory, host)]);
        _processes.Add(node);
        Nodes[host] = node;
        return node;
    }

    internal async Task WaitForTunnelsAsync()
    {
        foreach (NodeProcess node in Nodes.Values)
        {
            await node.WaitForAsync("tunnel-up");
            await node.WaitForAsync("peer-seen");
        }
    }

    /// <summary>The address to which a host resolves the other's Btmm name, by its own resolver.</summary>
    internal IPAddress Resolve(string from, string host)
    {
        string output = Lab.Exec(from, "getent", "ahostsv6", NameOf(host)).Require();
        return IPAddress.Parse(output.Split(' ', 2)[0]);
    }

    /// <summary>Everything the processes said, for failure messages.</summary>
    internal string Logs() => string.Join('\n', _processes.Select(process => $"--- {process.Name}\n{process.Log}"));

    public async ValueTask DisposeAsync()
    {
        // A node withdraws what it has published, or waits for the service to answer, hence all at once and the services last.
        ILookup<bool, NodeProcess> services = _processes.ToLookup(static process => process.Name == Service);
        foreach (bool isService in new[] { false, true })
            await Task.WhenAll(services[isService].Select(static process => Task.Run(async () => await process.DisposeAsync())));
        await Lab.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    private async Task MakeAccountAsync()
    {
        string program = Path.Combine(AppContext.BaseDirectory, "btmmd");
        CommandResult made = await Command.RunAsync(
            program, ["account", "new", "--domain", Domain, "--out", AccountPath, "--server", "203.0.113.53:53"]);
        made.Require();
    }
}
