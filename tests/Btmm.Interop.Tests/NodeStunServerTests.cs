using System.Text.Json;
using System.Text.Json.Nodes;
using Btmm.TestKit;

namespace Btmm.Interop.Tests;

/// <summary>Nodes whose zone is BIND's, which knows nothing of STUN, and which are told of a server that does, by name.</summary>
[Collection(NodeCollection.Name)]
public sealed class NodeStunServerTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const string Domain = "alice.members.example.net";
    private const string StunName = "stun.example.org";
    private const int Port = 45999;

    private readonly string _directory = Directory.CreateTempSubdirectory("btmm-stun-").FullName;
    private Lab? _lab;

    private static string? Unavailable => Lab.Unavailable ?? (Command.Exists("named") ? null : "named (Debian's package bind9) is not installed.");

    private string AccountPath => Path.Combine(_directory, "account");

    public async ValueTask InitializeAsync()
    {
        if (Unavailable is not null) return;
        _lab = Lab.Start("zoo");
        _lab.Run("dns", "bind", "dns");
        string program = Path.Combine(AppContext.BaseDirectory, "btmmd");
        (await Command.RunAsync(program, ["account", "new", "--domain", Domain, "--out", AccountPath, "--server", "203.0.113.53:53", "--tls", "off"])).Require();
        JsonNode account = JsonNode.Parse(await File.ReadAllTextAsync(AccountPath))!;
        string[] key = _lab.Run("dns", "key").Split('"'); // As named.conf has it: key "NAME" { …; secret "SECRET"; };
        account["updateKey"]!["name"] = key[1];
        account["updateKey"]!["secret"] = key[3];
        await File.WriteAllTextAsync(AccountPath, account.ToJsonString());
    }

    public async ValueTask DisposeAsync()
    {
        if (_lab is not null) await _lab.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task Node_BehindASymmetricNat_KnowsItAndTheAddressOutside()
    {
        await using NodeProcess random = StartNode("random", "--endpoint", $":{Port}");
        JsonElement published = await random.WaitForAsync("published", static e => e.TryGetProperty("endpoint", out _));
        Assert.Equal($"198.51.100.62:{Port}", published.GetProperty("endpoint").GetString());
        JsonElement verdict = await random.WaitForAsync("gateway-examined");
        output.WriteLine($"{verdict}");
        Assert.Equal("SymmetricNat", verdict.GetProperty("verdict").GetString());
        Assert.False(verdict.GetProperty("reachable").GetBoolean());
        AssertBox("Gateway", "192.168.22.1", verdict.GetProperty("box"));
        AssertBox("Gateway", "192.168.22.1", verdict.GetProperty("inner"));
        Assert.False(verdict.TryGetProperty("outer", out _));
        JsonElement[] evidence = [.. verdict.GetProperty("evidence").EnumerateArray()];
        Assert.Contains(evidence, e => IsStun(e, "203.0.113.3:3478") && e.GetProperty("answer").GetString()!.StartsWith("sees this host as 198.51.100.62:", StringComparison.Ordinal));
        Assert.Contains(evidence, e => IsStun(e, "missing.example.org:5349") && e.GetProperty("answer").GetString()!.StartsWith("was not found", StringComparison.Ordinal));
        Assert.All(evidence, e => Assert.True(e.GetProperty("milliseconds").GetDouble() >= 0));
    }

    [Fact]
    public async Task Node_WithAPublicAddressBehindAFirewall_NamesItsPort()
    {
        await using NodeProcess firm = StartNode("firm");
        JsonElement verdict = await firm.WaitForAsync("gateway-examined");
        output.WriteLine($"{verdict}");
        Assert.Equal("DirectPublic", verdict.GetProperty("verdict").GetString());
        Assert.False(verdict.GetProperty("reachable").GetBoolean());
        Assert.StartsWith($"Allow incoming UDP port {Port} in the firewall of this host (192.88.99.117)", verdict.GetProperty("remedy").GetString(), StringComparison.Ordinal);
    }

    private static bool IsStun(JsonElement evidence, string who) =>
        evidence.GetProperty("step").GetString() == "Stun" && evidence.GetProperty("who").GetString() == who;

    private static void AssertBox(string role, string address, JsonElement box) =>
        Assert.Equal((role, address), (box.GetProperty("role").GetString(), box.GetProperty("address").GetString()));

    private NodeProcess StartNode(string host, params string[] options)
    {
        Assert.SkipWhen(Unavailable is not null, Unavailable ?? "");
        Lab lab = _lab!;
        File.AppendAllText($"/etc/netns/{lab.Namespace(host)}/hosts", $"203.0.113.3\t{StunName}\n");
        return NodeProcess.Start(
            lab, host,
            [
                "node", "--account", AccountPath, "--host", host, "--state", Path.Combine(_directory, host), "--port", $"{Port}",
                "--stun-server", StunName, "--stun-server", "missing.example.org:5349", .. options,
            ]);
    }
}
