using System.Net;
using System.Text.Json;

namespace Btmm.Interop.Tests;

/// <summary>Nodes that no gateway can make reachable, and whose user has done so by hand and says where.</summary>
[Collection(NodeCollection.Name)]
public sealed class NodeForwardingTests(ITestOutputHelper output)
{
    private const int HandPort = 45999;

    [Fact]
    public async Task Node_IsInTheOuterRoutersExposedHost_OthersReachItThroughBothNats()
    {
        await using NodeLab lab = await NodeLab.StartAsync("inner");
        try
        {
            lab.Lab.Forward("gw-home", "all", "gw-inner");
            NodeProcess attic = lab.StartNode("attic", "--endpoint", "auto", "--on-demand");
            IPEndPoint endpoint = await PublishedAsync(attic);
            Assert.Equal(lab.Lab.AddressOf("gw-home"), endpoint.Address);
            string lease = Assert.Single(lab.Lab.Leases("gw-inner"));
            Assert.StartsWith($"UDP:{endpoint.Port}:", lease, StringComparison.Ordinal);
            Assert.Equal(0, attic.Count("mapping-lost"));
            await ReachAsync(lab, "attic");

            JsonElement verdict = await attic.WaitForAsync("gateway-examined");
            Assert.False(verdict.TryGetProperty("remedy", out _), $"{verdict}");
            lab.Lab.Readdress("gw-home", "203.0.113.77");
            await attic.WaitForAsync("published", e => e.GetProperty("endpoint").GetString()!.StartsWith("203.0.113.77:", StringComparison.Ordinal));
            Assert.Equal(0, attic.Stop());
            Assert.Empty(lab.Lab.Leases("gw-inner"));
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            output.WriteLine(lab.Logs());
            throw;
        }
    }

    [Fact]
    public async Task Node_PortForwardedByHandAndNothingMaps_OthersReachIt()
    {
        await using NodeLab lab = await NodeLab.StartAsync();
        try
        {
            Assert.Equal(0, lab.Nodes[NodeLab.Studio].Stop());
            lab.Lab.MappingDaemon("gw-home", "off");
            lab.Lab.Forward("gw-home", $"{HandPort}", NodeLab.Studio);
            NodeProcess studio = lab.StartNode(NodeLab.Studio, "--port", $"{HandPort}", "--endpoint", $":{HandPort}", "--on-demand");
            Assert.Equal(new IPEndPoint(lab.Lab.AddressOf("gw-home"), HandPort), await PublishedAsync(studio));
            await ReachAsync(lab, NodeLab.Studio);
            output.WriteLine($"{await studio.WaitForAsync("mapping-ready")}");
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            output.WriteLine(lab.Logs());
            throw;
        }
    }

    private static async Task<IPEndPoint> PublishedAsync(NodeProcess node)
    {
        JsonElement published = await node.WaitForAsync("published", static e => e.TryGetProperty("endpoint", out _));
        return IPEndPoint.Parse(published.GetProperty("endpoint").GetString()!);
    }

    /// <summary>The laptop builds the tunnel: a node on demand waits for others.</summary>
    private async Task ReachAsync(NodeLab lab, string host)
    {
        JsonElement up = await lab.Nodes[NodeLab.Laptop].WaitForAsync("tunnel-up", e => e.GetProperty("peer").GetString() == NodeLab.NameOf(host), after: TunnelsBefore(host));
        output.WriteLine($"{up}");
        IPAddress address = lab.Resolve(NodeLab.Laptop, host);
        await using NodeEchoStream stream = await NodeEchoStream.ConnectAsync(lab.Lab.Namespace(NodeLab.Laptop), lab.Lab.Namespace(host), address);
        await stream.WaitForFlowAsync(TimeSpan.Zero, TimeSpan.FromSeconds(30));
    }

    /// <summary>The studio had one with the laptop when the lab began.</summary>
    private static int TunnelsBefore(string host) => host == NodeLab.Studio ? 1 : 0;
}
