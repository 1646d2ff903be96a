using System.Net;

namespace Btmm.TestKit;

/// <summary>
/// One instance of tests/lab/lab.sh: NAT gateways with real port-mapping daemons, hosts and name servers in network
/// namespaces. Each instance has its own prefix, so several can live side by side. Disposing it removes everything;
/// what a killed test run left behind is removed by the next one. Thread-safe except for construction and disposal.
/// </summary>
/// <remarks>
/// Nodes: gateways gw-home, gw-cafe, gw-hotel; hosts studio and mini (home), laptop (cafe), server and dns (pub1), server2
/// (pub2). With "inner": gw-inner behind gw-home, and attic behind it. With "twin": gw-twin with a network that has home's addresses. With "cgn": gw-isp, gw-cgn-home and deep. With "six":
/// gw-six and six, a network with IPv6 behind a firewall. "zoo" is all of them and the other kinds of NAT: see zoo.sh.
/// </remarks>
public sealed class Lab : IDisposable, IAsyncDisposable
{
    private static readonly Lazy<string?> s_unavailable = new(FindObstacle);
    private static readonly Lazy<bool> s_swept = new(Sweep);
    private static int s_count;

    private readonly Dictionary<string, string> _environment;
    private readonly EventHandler _atExit;
    private bool _disposed;

    private Lab()
    {
        Prefix = FormattableString.Invariant($"btl{Environment.ProcessId}x{Interlocked.Increment(ref s_count)}-");
        _environment = new Dictionary<string, string> { ["LAB_PREFIX"] = Prefix };
        _atExit = (_, _) => Dispose();
        AppDomain.CurrentDomain.ProcessExit += _atExit;
    }

    /// <summary>
    /// Why no lab can be built here, or null when one can. For <c>Assert.SkipWhen(Lab.Unavailable is not null, ...)</c>.
    /// </summary>
    public static string? Unavailable => s_unavailable.Value;

    /// <summary>The path of lab.sh.</summary>
    public static string Script { get; } = FindScript();

    /// <summary>What all of this lab's namespaces begin with.</summary>
    public string Prefix { get; }

    /// <summary>Where the lab keeps its state and its daemons' logs.</summary>
    public string StateDirectory => $"/run/{Prefix}lab";

    /// <summary>Builds a lab; <paramref name="parts"/> may add "inner", "twin", "cgn", "six" and "zoo".</summary>
    public static Lab Start(params string[] parts) => Start([], parts);

    /// <summary>The same, with settings of lab.sh, such as LAB_MIN_LIFETIME, for all its commands.</summary>
    public static Lab Start(IEnumerable<KeyValuePair<string, string>> settings, params string[] parts)
    {
        _ = s_swept.Value;
        Lab lab = new();
        foreach ((string name, string value) in settings) lab._environment[name] = value;
        try
        {
            lab.Run(["up", .. parts]);
            return lab;
        }
        catch
        {
            lab.Dispose();
            throw;
        }
    }

    /// <summary>The namespace of a node.</summary>
    public string Namespace(string node) => Prefix + node;

    /// <summary>Sockets of a node.</summary>
    public NamespaceNetwork Network(string node) => new(Namespace(node));

    /// <summary>Runs a command of lab.sh and returns its output.</summary>
    /// <exception cref="InvalidOperationException">It failed.</exception>
    public string Run(params string[] arguments) => Command.Run(Script, arguments, _environment).Require();

    /// <summary>Runs a program inside a node.</summary>
    public CommandResult Exec(string node, params string[] command) =>
        Command.Run("ip", ["netns", "exec", Namespace(node), .. command]);

    /// <summary>Runs a program inside a node, without blocking.</summary>
    public Task<CommandResult> ExecAsync(string node, TimeSpan timeout, params string[] command) =>
        Command.RunAsync("ip", ["netns", "exec", Namespace(node), .. command], timeout: timeout);

    /// <summary>Starts a daemon inside a node; the caller disposes it.</summary>
    public DaemonProcess StartDaemon(string node, string program, params string[] arguments) =>
        DaemonProcess.Start("ip", ["netns", "exec", Namespace(node), program, .. arguments]);

    /// <summary>A node's address towards the internet, now.</summary>
    public IPAddress AddressOf(string node) => IPAddress.Parse(Run("addr", node).Trim());

    /// <summary>Moves a host to another network.</summary>
    public void Roam(string host, string network) => Run("roam", host, network);

    /// <summary>Gives a gateway another address towards the internet.</summary>
    public void Readdress(string gateway, string address) => Run("readdress", gateway, address);

    /// <summary>Makes a gateway forget all mappings and flows; it forwards nothing for <paramref name="seconds"/>.</summary>
    public void Reboot(string gateway, int seconds = 0) =>
        Run(seconds == 0 ? ["reboot", gateway] : ["reboot", gateway, FormattableString.Invariant($"{seconds}")]);

    /// <summary>Drives a gateway's mapping daemon: on, off, restart, deny or nostun.</summary>
    public void MappingDaemon(string gateway, string action) => Run("upnp", gateway, action);

    /// <summary>Lets a gateway's mapping daemon speak one protocol alone, until it is told "on": pcp, natpmp, igd or igd1.</summary>
    public void SpeakOnly(string gateway, string protocol) => Run("upnp", gateway, "only", protocol);

    /// <summary>Lets a gateway's mapping daemon answer from another "port" or "address"; "off" ends it.</summary>
    public void AnswerOddly(string gateway, string from) => Run("odd", gateway, from);

    /// <summary>Lets a gateway forward no "udp" (but DNS) or no DNS either ("all-udp"); "off" ends it.</summary>
    public void Block(string gateway, string what) => Run("block", gateway, what);

    /// <summary>Lets a gateway send what arrives at a UDP port ("all": at any that nobody else has) to a node, as its owner may have set.</summary>
    public void Forward(string gateway, string port, string node) => Run("forward", gateway, port, node);

    /// <summary>Makes a gateway a captive portal that answers HTTP with "302" or "511"; "off" ends it.</summary>
    public void Portal(string gateway, string status) => Run("portal", gateway, status);

    /// <summary>Unplugs a node's link, or lets it swallow frames in silence.</summary>
    public void Cut(string node, bool silent = false) => Run(silent ? ["cut", "--silent", node] : ["cut", node]);

    /// <summary>Mends what <see cref="Cut"/> did.</summary>
    public void Heal(string node) => Run("heal", node);

    /// <summary>Lets a node lose packets each way.</summary>
    public void Loss(string node, int percent) => Run("loss", node, FormattableString.Invariant($"{percent}"));

    /// <summary>
    /// The lines of a gateway's lease files: PROTO:external:address:internal:expiry:description, then the pinholes of IPv6.
    /// </summary>
    public IReadOnlyList<string> Leases(string gateway) =>
        Run("leases", gateway).Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    /// <summary>A daemon's log, for failure messages: miniupnpd-GATEWAY, named, knotd, charon-HOST, stund.</summary>
    public string Log(string daemon)
    {
        string path = Path.Combine(StateDirectory, "log", daemon + ".log");
        return File.Exists(path) ? File.ReadAllText(path) : $"(no log of {daemon})";
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        AppDomain.CurrentDomain.ProcessExit -= _atExit;
        Run("down");
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }

    private static string FindScript()
    {
        for (DirectoryInfo? directory = new(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            string candidate = Path.Combine(directory.FullName, "tests", "lab", "lab.sh");
            if (File.Exists(candidate)) return candidate;
        }

        return "lab.sh";
    }

    private static string? FindObstacle()
    {
        if (!OperatingSystem.IsLinux()) return "network namespaces need Linux";
        if (!Environment.IsPrivilegedProcess) return "network namespaces need root";
        if (!File.Exists(Script)) return "tests/lab/lab.sh was not found above the test's directory";
        string[] missing = [.. new[] { "ip", "nft", "miniupnpd", "stund", "conntrack", "ss", "awk" }.Where(tool => !Command.Exists(tool))];
        if (missing.Length > 0) return $"missing: {string.Join(", ", missing)} (run tests/lab/lab.sh install)";
        CommandResult probe = Command.Run("unshare", ["--net", "ip", "link", "add", "type", "veth"]);
        return probe.Succeeded ? null : $"this kernel gives no network namespaces or no veth: {probe.Error.Trim()}";
    }

    /// <summary>Takes down labs whose test process has ended without doing so.</summary>
    private static bool Sweep()
    {
        foreach (string directory in Directory.EnumerateDirectories("/run", "btl*x*-lab"))
        {
            string prefix = Path.GetFileName(directory)[..^"lab".Length];
            string owner = prefix[3..prefix.IndexOf('x', StringComparison.Ordinal)];
            if (Directory.Exists($"/proc/{owner}")) continue;
            Command.Run(Script, ["down"], new Dictionary<string, string> { ["LAB_PREFIX"] = prefix });
        }

        return true;
    }
}
