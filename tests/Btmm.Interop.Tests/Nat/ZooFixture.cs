using System.Net;
using Btmm.TestKit;

namespace Btmm.Interop.Tests.Nat;

/// <summary>A lab with every kind of NAT, and a zone service on "dns" that answers STUN at two addresses, for all tests of a class.</summary>
public sealed class ZooFixture : IAsyncLifetime
{
    internal const string Domain = "alice.members.example.net";

    /// <summary>The zone service, as the account knows it.</summary>
    internal static readonly IPEndPoint ZoneServer = IPEndPoint.Parse("203.0.113.53:53");

    /// <summary>The zone service's STUN port, whose other address is the one after.</summary>
    internal static readonly IPEndPoint ZoneStun = IPEndPoint.Parse("203.0.113.53:3478");

    /// <summary>coturn, which takes TCP at the same port; its other address is 198.51.100.5, port 3479.</summary>
    internal static readonly IPEndPoint NamedStun = IPEndPoint.Parse("203.0.113.5:3478");

    /// <summary>Debian's stund, a server of the first edition of STUN.</summary>
    internal static readonly IPEndPoint OldStun = IPEndPoint.Parse("203.0.113.3:3478");

    private const string SecondAddress = "203.0.113.54";

    private readonly string _directory = Directory.CreateTempSubdirectory("btmm-zoo-").FullName;
    private NodeProcess? _zone;
    private DaemonProcess? _named;

    private Lab? Instance { get; set; }

    /// <summary>The lab; skips the test where there is none.</summary>
    public Lab Require()
    {
        Assert.SkipWhen(Lab.Unavailable is not null, Lab.Unavailable ?? "");
        return Instance ?? throw new InvalidOperationException("the lab did not start");
    }

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        if (Lab.Unavailable is not null) return;
        Lab lab = Instance = Lab.Start("zoo");
        lab.Run("nat", "gw-cafe", "symmetric");
        lab.MappingDaemon("gw-hotel", "deny");
        lab.Run("add-host", "lodger", "hotel", "116");
        lab.Exec("dns", "ip", "addr", "add", $"{SecondAddress}/24", "dev", "eth0").Require();
        string account = Path.Combine(_directory, "account");
        string program = Path.Combine(AppContext.BaseDirectory, "btmmd");
        (await Command.RunAsync(program, ["account", "new", "--domain", Domain, "--out", account, "--server", $"{ZoneServer}"])).Require();
        _zone = NodeProcess.Start(lab, "dns", "zone", "--account", account, "--listen", $"{ZoneServer}", "--stun", $"{ZoneStun}", "--stun", $"{SecondAddress}:3479");
        await _zone.WaitForAsync("zone-started");
    }

    /// <summary>Starts coturn, unless it runs; skips the test where there is none.</summary>
    internal async Task RequireNamedStunAsync()
    {
        Assert.SkipUnless(Command.Exists("turnserver"), "turnserver (Debian's package coturn) is not installed.");
        if (_named is not null) return;
        Lab lab = Require();
        lab.Exec("inet", "ip", "addr", "add", "203.0.113.5/24", "dev", "pub1").Require();
        lab.Exec("inet", "ip", "addr", "add", "198.51.100.5/24", "dev", "pub2").Require();
        string[] silent = ["-n", "--no-tls", "--no-dtls", "--no-cli", "--stun-only", "--log-file", "stdout", "--simple-log", "--pidfile", Path.Combine(_directory, "turn.pid")];
        _named = lab.StartDaemon("inet", "turnserver", ["-L", "203.0.113.5", "-L", "198.51.100.5", .. silent]);
        await Eventually.HoldsAsync(
            () => lab.Exec("inet", "ss", "-lntu").Require().Split("203.0.113.5:3478").Length > 2, () => $"coturn; it said {_named.Log}", TimeSpan.FromSeconds(20));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_zone is not null) await _zone.DisposeAsync();
        if (_named is not null) await _named.DisposeAsync();
        Instance?.Dispose();
        Directory.Delete(_directory, recursive: true);
    }
}
