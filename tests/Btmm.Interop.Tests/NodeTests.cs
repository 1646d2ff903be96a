using System.Net;
using System.Text.Json;
using Btmm.TestKit;

namespace Btmm.Interop.Tests;

/// <summary>Two nodes behind two NATs and a zone service, with real gateways.</summary>
public sealed class NodeTests(ITestOutputHelper output)
{
    [Fact]
    public async Task TwoNodes_BehindTwoNats_ReachEachOtherByName()
    {
        await using NodeLab lab = await NodeLab.StartAsync();
        try
        {
            foreach ((string from, string to) in new[] { (NodeLab.Laptop, NodeLab.Studio), (NodeLab.Studio, NodeLab.Laptop) })
            {
                CommandResult ping = await lab.Lab.ExecAsync(from, TimeSpan.FromSeconds(60), "ping", "-6", "-c", "3", "-i", "0.2", "-W", "10", NodeLab.NameOf(to));
                Assert.True(ping.Succeeded, ping.Output + ping.Error);
                output.WriteLine($"{from} pings {to}: {ping.Output.Trim().Split('\n')[^1]}");
                IPAddress address = lab.Resolve(from, to);
                await using NodeEchoStream stream = await NodeEchoStream.ConnectAsync(lab.Lab.Namespace(from), lab.Lab.Namespace(to), address);
                await stream.WaitForFlowAsync(TimeSpan.Zero, TimeSpan.FromSeconds(30));
            }

            foreach (NodeProcess node in lab.Nodes.Values)
            {
                foreach (string stage in new[] { "started", "mapping-ready", "published", "peer-seen", "tunnel-up" })
                {
                    JsonElement e = await node.WaitForAsync(stage);
                    output.WriteLine($"{node.Name,-8} {e.GetProperty("elapsed").GetDouble(),7:F3} s {stage,-14} {e.GetProperty("message").GetString()}");
                }
            }
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            output.WriteLine(lab.Logs());
            throw;
        }
    }

    [Fact]
    public async Task TwoNodes_WhoseZoneOffersPush_UseIt()
    {
        await using NodeLab lab = await NodeLab.StartAsync(withTls: true);
        try
        {
            foreach (NodeProcess node in lab.Nodes.Values)
                await node.WaitForAsync("zone-watched", e => e.GetProperty("message").GetString()!.Contains("DNS Push Notifications", StringComparison.Ordinal));

            // Each is told by it that the other one has moved, and comes back to it when the service was away.
            int before = lab.Nodes[NodeLab.Studio].Count("peer-changed");
            lab.Lab.Roam(NodeLab.Laptop, "hotel");
            await lab.Nodes[NodeLab.Studio].WaitForAsync("peer-changed", after: before);
            output.WriteLine(lab.Lab.Exec("dns", "ss", "-tnH", "state", "established", "sport", "=", ":853").Require());
            lab.Zone.Stop();
            Dictionary<NodeProcess, int> lost = lab.Nodes.Values.ToDictionary(static node => node, static node => node.Count("zone-reachable"));
            await lab.StartZoneAsync();
            foreach ((NodeProcess node, int seen) in lost)
                await node.WaitForAsync("zone-reachable", after: seen, timeout: TimeSpan.FromMinutes(1));
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            output.WriteLine(lab.Logs());
            throw;
        }
    }

    [Fact]
    public async Task Stop_Node_LeavesNothingBehind()
    {
        await using NodeLab lab = await NodeLab.StartAsync();
        try
        {
            string hosts = lab.Lab.Exec(NodeLab.Studio, "cat", "/etc/hosts").Require();
            Assert.Contains(NodeLab.NameOf(NodeLab.Laptop), hosts, StringComparison.Ordinal);
            Assert.NotEmpty(lab.Lab.Leases("gw-home"));
            Assert.Equal(0, lab.Nodes[NodeLab.Studio].Stop());
            AssertNothingLeft(lab, NodeLab.Studio);
            Assert.Empty(lab.Lab.Leases("gw-home"));
            Assert.Equal(1, lab.Nodes[NodeLab.Studio].Count("withdrawn"));
            await lab.Nodes[NodeLab.Laptop].WaitForAsync("peer-gone");
            await lab.Nodes[NodeLab.Laptop].WaitForAsync("tunnel-down");
            Assert.Equal(0, lab.Nodes[NodeLab.Laptop].Stop());
            Assert.Equal(0, lab.Zone.Stop());
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            output.WriteLine(lab.Logs());
            throw;
        }
    }

    [Fact]
    public async Task KilledNode_StartedAgain_LeavesNothingAndReconnects()
    {
        await using NodeLab lab = await NodeLab.StartAsync();
        try
        {
            IPAddress studio = lab.Resolve(NodeLab.Laptop, NodeLab.Studio);
            lab.Nodes[NodeLab.Studio].Kill();
            string crashed = lab.Lab.Exec(NodeLab.Studio, "cat", "/etc/hosts").Require();
            Assert.Contains("# BEGIN Btmm", crashed, StringComparison.Ordinal);

            NodeProcess again = lab.StartNode(NodeLab.Studio);
            JsonElement up = await again.WaitForAsync("tunnel-up");
            output.WriteLine($"tunnel up again {up.GetProperty("elapsed").GetDouble():F3} s after the restart");
            Assert.True(again.Count("recovered") > 0, again.Log);
            Assert.Equal(studio, lab.Resolve(NodeLab.Laptop, NodeLab.Studio));
            await using NodeEchoStream stream = await NodeEchoStream.ConnectAsync(
                lab.Lab.Namespace(NodeLab.Laptop), lab.Lab.Namespace(NodeLab.Studio), studio);
            await stream.WaitForFlowAsync(TimeSpan.Zero, TimeSpan.FromSeconds(30));

            string links = lab.Lab.Exec(NodeLab.Studio, "ip", "-o", "link", "show").Require();
            Assert.Single(links.Split('\n'), line => line.Contains("btmm", StringComparison.Ordinal));
            string hosts = lab.Lab.Exec(NodeLab.Studio, "cat", "/etc/hosts").Require();
            Assert.Single(hosts.Split('\n'), line => line.StartsWith("# BEGIN Btmm", StringComparison.Ordinal));
            Assert.Single(lab.Lab.Leases("gw-home"));
            Assert.Equal(0, again.Stop());
            AssertNothingLeft(lab, NodeLab.Studio);
            Assert.Empty(lab.Lab.Leases("gw-home"));
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            output.WriteLine(lab.Logs());
            throw;
        }
    }

    [Fact]
    public async Task Node_ZoneServiceDownAtStart_StartsFromItsCache()
    {
        await using NodeLab lab = await NodeLab.StartAsync();
        try
        {
            IPAddress laptop = lab.Resolve(NodeLab.Studio, NodeLab.Laptop);
            lab.Nodes[NodeLab.Studio].Kill();
            lab.Zone.Kill();
            NodeProcess again = lab.StartNode(NodeLab.Studio);
            JsonElement up = await again.WaitForAsync("tunnel-up");
            double took = up.GetProperty("elapsed").GetDouble();
            output.WriteLine($"tunnel up {took:F3} s after the start");
            Assert.InRange(took, 0, 15); // Without its own call, the peer would have to miss it first: more than half a minute.
            Assert.Equal(0, again.Count("published"));
            Assert.Equal(laptop, lab.Resolve(NodeLab.Studio, NodeLab.Laptop));
            await using NodeEchoStream stream = await NodeEchoStream.ConnectAsync(
                lab.Lab.Namespace(NodeLab.Studio), lab.Lab.Namespace(NodeLab.Laptop), laptop);
            await stream.WaitForFlowAsync(TimeSpan.Zero, TimeSpan.FromSeconds(30));
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            output.WriteLine(lab.Logs());
            throw;
        }
    }

    [Fact]
    public async Task Node_BehindTwoNats_PublishesNoEndpointButReachesOthers()
    {
        await using NodeLab lab = await NodeLab.StartAsync("inner");
        try
        {
            NodeProcess attic = lab.StartNode("attic");
            JsonElement lost = await attic.WaitForAsync("mapping-lost", e => e.GetProperty("reason").GetString() == "DoubleNat");
            Assert.NotEmpty(lost.GetProperty("remedy").GetString()!);
            await attic.WaitForAsync("published", e => !e.TryGetProperty("endpoint", out _));
            await attic.WaitForAsync("tunnel-up", e => e.GetProperty("peer").GetString() == NodeLab.NameOf(NodeLab.Laptop));
            await lab.Nodes[NodeLab.Laptop].WaitForAsync("peer-seen", e => e.GetProperty("peer").GetString() == NodeLab.NameOf("attic"));
            Assert.DoesNotContain(lab.Nodes[NodeLab.Laptop].Events(), e =>
                NodeProcess.NameOf(e).StartsWith("peer-", StringComparison.Ordinal)
                && e.GetProperty("peer").GetString() == NodeLab.NameOf("attic")
                && e.TryGetProperty("endpoint", out _));
            IPAddress address = lab.Resolve(NodeLab.Laptop, "attic");
            await using NodeEchoStream stream = await NodeEchoStream.ConnectAsync(lab.Lab.Namespace(NodeLab.Laptop), lab.Lab.Namespace("attic"), address);
            await stream.WaitForFlowAsync(TimeSpan.Zero, TimeSpan.FromSeconds(30));
            JsonElement verdict = await attic.WaitForAsync("gateway-examined");
            Assert.StartsWith("DoubleNat: ", verdict.GetProperty("message").GetString(), StringComparison.Ordinal);
            Assert.Contains("192.168.1.1", verdict.GetProperty("remedy").GetString(), StringComparison.Ordinal);
            JsonElement good = await lab.Nodes[NodeLab.Studio].WaitForAsync("gateway-examined");
            Assert.StartsWith("SingleNat: ", good.GetProperty("message").GetString(), StringComparison.Ordinal);
            output.WriteLine($"{verdict}\n{good}");
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            output.WriteLine(lab.Logs());
            throw;
        }
    }

    private static void AssertNothingLeft(NodeLab lab, string host)
    {
        Assert.DoesNotContain("btmm", lab.Lab.Exec(host, "ip", "-o", "link", "show").Require(), StringComparison.Ordinal);
        Assert.DoesNotContain("fd", lab.Lab.Exec(host, "ip", "-6", "route", "show").Require(), StringComparison.Ordinal);
        Assert.DoesNotContain("Btmm", lab.Lab.Exec(host, "cat", "/etc/hosts").Require(), StringComparison.Ordinal);
    }
}
