using System.Text.Json;
using System.Text.Json.Nodes;
using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal.Verdicts;
using Btmm.Core.Node;

namespace Btmm.Daemon.Tests;

public sealed class ApplicationTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("btmm-daemon-").FullName;
    private readonly StringWriter _output = new();
    private readonly StringWriter _error = new();

    public void Dispose()
    {
        Directory.Delete(_directory, recursive: true);
        _output.Dispose();
        _error.Dispose();
    }

    [Fact]
    public async Task Help_NamesEveryEventAndVerdictAndExitsWithZero()
    {
        Assert.Equal(ExitCode.Success, await RunAsync("--help"));
        foreach (NodeEventKind kind in Enum.GetValues<NodeEventKind>())
            Assert.Contains(EventPrinter.Name(kind), _output.ToString(), StringComparison.Ordinal);
        foreach (GatewayVerdictKind kind in Enum.GetValues<GatewayVerdictKind>())
            Assert.Contains($"{kind}", _output.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData]
    [InlineData("frobnicate")]
    [InlineData("account")]
    [InlineData("account", "new", "--domain", "alice.example.net")]
    [InlineData("account", "new", "--domain", "..", "--out", "x")]
    [InlineData("node", "--host", "x")]
    [InlineData("node", "--hosts", "x", "--no-hosts")]
    [InlineData("node", "--account", "x", "--host", "x", "--mapping", "upnp")]
    [InlineData("node", "--account", "x", "--host", "x", "--mapping", "pcp,")]
    [InlineData("node", "--account", "x", "--host", "x", "--endpoint", "home:4500")]
    [InlineData("node", "--account", "x", "--host", "x", "--stun-server", "stun example")]
    [InlineData("node", "--account", "x", "--host", "x", "--stun-server", "[2001:db8::1]:3478")]
    [InlineData("node", "--account", "x", "--host", "x", "--stun-server", "stun.example:0")]
    [InlineData("zone")]
    [InlineData("zone", "--listen", "127.0.0.1:0")]
    [InlineData("zone", "--store", "x")]
    [InlineData("zone", "--store", "x", "--listen", "127.0.0.1:0", "--certificate-key", "k")]
    [InlineData("zone", "--store", "x", "--listen", "127.0.0.1:0", "--updates-per-minute", "many")]
    [InlineData("zone", "--store", "x", "--listen", "127.0.0.1:0", "--max-records", "15")]
    public async Task Run_WrongUsage_ExitsWithTwo(params string[] arguments)
    {
        Assert.Equal(ExitCode.Usage, await RunAsync(arguments));
        Assert.Contains("btmmd: ", _error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Account_NewExportImportShow_GivesTheSameAccount()
    {
        Assert.Equal(0, await RunAsync("account", "new", "--domain", "alice.example.net", "--out", InDirectory("a"), "--server", "192.0.2.1:5300"));
        File.WriteAllText(InDirectory("pass"), "correct horse battery staple\nsecond line\n");
        Assert.Equal(0, await RunAsync("account", "export", "--account", InDirectory("a"), "--out", InDirectory("sealed"), "--passphrase-file", InDirectory("pass"), "--with-authority-key"));
        Assert.Equal(0, await RunWithInputAsync("correct horse battery staple\n", "account", "import", "--in", InDirectory("sealed"), "--out", InDirectory("b")));
        Assert.Equal(File.ReadAllText(InDirectory("a")), File.ReadAllText(InDirectory("b")));
        Assert.DoesNotContain("alice.example.net", File.ReadAllText(InDirectory("sealed")), StringComparison.Ordinal);

        _output.GetStringBuilder().Clear();
        Assert.Equal(0, await RunAsync("account", "show", "--account", InDirectory("b"), "--json"));
        using JsonDocument shown = JsonDocument.Parse(_output.ToString());
        Assert.Equal("alice.example.net", shown.RootElement.GetProperty("domain").GetString());
        Assert.Equal("192.0.2.1:5300", shown.RootElement.GetProperty("servers")[0].GetString());
    }

    [Fact]
    public async Task Account_Exported_LeavesTheAuthoritysKeyBehind()
    {
        await RunAsync("account", "new", "--domain", "alice.example.net", "--out", InDirectory("a"));
        await RunWithInputAsync("correct horse battery\n", "account", "export", "--account", InDirectory("a"), "--out", InDirectory("sealed"));
        await RunWithInputAsync("correct horse battery\n", "account", "import", "--in", InDirectory("sealed"), "--out", InDirectory("b"));
        Assert.Contains("privateKey", File.ReadAllText(InDirectory("a")), StringComparison.Ordinal);
        Assert.DoesNotContain("privateKey", File.ReadAllText(InDirectory("b")), StringComparison.Ordinal);
        Assert.Equal(await OutputAsync("account", "authority", "--account", InDirectory("a")), await OutputAsync("account", "authority", "--account", InDirectory("b")));
        Assert.StartsWith("-----BEGIN CERTIFICATE-----", await OutputAsync("account", "authority", "--account", InDirectory("b")), StringComparison.Ordinal);
        Assert.Contains("certificate only", await OutputAsync("account", "show", "--account", InDirectory("b")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Account_WithoutAuthority_GetsOneOnceOnly()
    {
        await RunAsync("account", "new", "--domain", "alice.example.net", "--out", InDirectory("a"));
        JsonNode old = JsonNode.Parse(File.ReadAllText(InDirectory("a")))!;
        old.AsObject().Remove("authority");
        File.WriteAllText(InDirectory("a"), old.ToJsonString());
        Assert.Equal(ExitCode.Usage, await RunAsync("account", "authority", "--account", InDirectory("a")));
        Assert.Equal(0, await RunAsync("account", "authority", "--account", InDirectory("a"), "--new"));
        Assert.Equal(ExitCode.Usage, await RunAsync("account", "authority", "--account", InDirectory("a"), "--new"));
        Assert.Contains("with its private key", await OutputAsync("account", "show", "--account", InDirectory("a")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Account_NewWithTls_WritesItIntoTheServersEntry()
    {
        await RunAsync("account", "new", "--domain", "alice.example.net", "--out", InDirectory("a"), "--server", "dns.example.net", "--tls", "required", "--tls-port", "8853", "--public-certificate");
        JsonNode server = JsonNode.Parse(File.ReadAllText(InDirectory("a")))!["servers"]![0]!;
        Assert.Equal(("required", 8853, true), ((string?)server["tls"], (int?)server["tlsPort"], (bool?)server["publicCertificate"]));
        Assert.Equal(ExitCode.Usage, await RunAsync("account", "new", "--domain", "a.example.net", "--out", InDirectory("b"), "--tls", "required"));
        Assert.Equal(ExitCode.Usage, await RunAsync("account", "new", "--domain", "a.example.net", "--out", InDirectory("b"), "--server", "x", "--tls", "7"));
    }

    [Fact]
    public async Task Account_WrongPassphraseOrFile_ExitsWithThree()
    {
        await RunAsync("account", "new", "--domain", "alice.example.net", "--out", InDirectory("a"));
        await RunWithInputAsync("correct horse battery\n", "account", "export", "--account", InDirectory("a"), "--out", InDirectory("sealed"));
        Assert.Equal(ExitCode.Account, await RunWithInputAsync("wrong horse battery\n", "account", "import", "--in", InDirectory("sealed"), "--out", InDirectory("b")));
        Assert.Equal(ExitCode.Account, await RunAsync("account", "show", "--account", InDirectory("missing")));
        Assert.False(File.Exists(InDirectory("b")));
    }

    [Fact]
    public async Task Account_ExistingFile_IsNeverOverwritten()
    {
        await RunAsync("account", "new", "--domain", "alice.example.net", "--out", InDirectory("a"));
        string before = File.ReadAllText(InDirectory("a"));
        Assert.Equal(ExitCode.Usage, await RunAsync("account", "new", "--domain", "alice.example.net", "--out", InDirectory("a")));
        Assert.Equal(before, File.ReadAllText(InDirectory("a")));
    }

    [Fact]
    public async Task Zone_StoreThatIsNone_IsNamedWithARemedyAndLeftAlone()
    {
        await RunAsync("account", "new", "--domain", "alice.example.net", "--out", InDirectory("a"));
        File.WriteAllText(InDirectory("letter"), "Dear Alice");
        Assert.Equal(ExitCode.Failure, await RunAsync("zone", "--account", InDirectory("a"), "--listen", "127.0.0.1:0", "--store", InDirectory("letter")));
        Assert.Contains("StoreInvalid: ", _error.ToString(), StringComparison.Ordinal);
        Assert.Contains("Name another file", _error.ToString(), StringComparison.Ordinal);
        Assert.Equal("Dear Alice", File.ReadAllText(InDirectory("letter")));
    }

    [Fact]
    public void Print_Json_HasTheDocumentedMembers()
    {
        var happened = new NodeEvent
        {
            At = DateTimeOffset.UnixEpoch,
            Elapsed = TimeSpan.FromSeconds(1.5),
            Kind = NodeEventKind.MappingLost,
            Message = "line\nbreak \"quoted\"",
            Peer = "mac.alice.net",
            Reason = BtmmErrorReason.DoubleNat,
            Remedy = "Do this.",
        };
        new EventPrinter(_output, json: true).Print(happened, "btmm0");
        string line = Assert.Single(_output.ToString().TrimEnd('\n').Split('\n'));
        using JsonDocument json = JsonDocument.Parse(line);
        Assert.Equal("mapping-lost", json.RootElement.GetProperty("event").GetString());
        Assert.Equal(1.5, json.RootElement.GetProperty("elapsed").GetDouble());
        Assert.Equal("DoubleNat", json.RootElement.GetProperty("reason").GetString());
        Assert.Equal("Do this.", json.RootElement.GetProperty("remedy").GetString());
        Assert.Equal("btmm0", json.RootElement.GetProperty("interface").GetString());
        Assert.Equal(happened.Message, json.RootElement.GetProperty("message").GetString());
        Assert.False(json.RootElement.TryGetProperty("endpoint", out _));
    }

    private async Task<string> OutputAsync(params string[] arguments)
    {
        _output.GetStringBuilder().Clear();
        Assert.Equal(0, await RunAsync(arguments));
        return _output.ToString();
    }

    private string InDirectory(string name) => Path.Combine(_directory, name);

    private Task<int> RunAsync(params string[] arguments) => RunWithInputAsync("", arguments);

    private Task<int> RunWithInputAsync(string input, params string[] arguments) =>
        Application.RunAsync(arguments, new StringReader(input), _output, _error);
}
