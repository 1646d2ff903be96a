using System.Net;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Tsig;
using Btmm.TestKit;

namespace Btmm.Interop.Tests.Dns;

/// <summary>
/// A real name server of the zone <c>members.example.net</c> on a high port of the loopback interface, started once for a test
/// class and stopped by its process id. When the program is missing, <see cref="MissingReason"/> says so.
/// </summary>
public abstract class NameServer : IAsyncLifetime
{
    public const string ZoneName = "members.example.net";
    private const int StartAttempts = 3;
    private static readonly TimeSpan s_startTimeout = TimeSpan.FromSeconds(30);

    private readonly string _program;
    private DaemonProcess? _process;

    protected NameServer(string program)
    {
        _program = program;
        if (!Command.Exists(program)) MissingReason = $"{program} is not installed";
        else if (!Command.Exists("dig")) MissingReason = "dig is not installed";
    }

    public string? MissingReason { get; }

    public IPEndPoint EndPoint { get; private set; } = new(IPAddress.Loopback, 0);

    protected string Directory { get; } = System.IO.Directory.CreateTempSubdirectory("btmm-dns-").FullName;

    /// <summary>The keys of the server: name and algorithm. All may change names at and below alice.</summary>
    public static IReadOnlyDictionary<string, TsigAlgorithm> Keys { get; } = new Dictionary<string, TsigAlgorithm>
    {
        ["alice-key"] = TsigAlgorithm.HmacSha256,
        ["alice-sha1"] = TsigAlgorithm.HmacSha1,
        ["alice-sha224"] = TsigAlgorithm.HmacSha224,
        ["alice-sha384"] = TsigAlgorithm.HmacSha384,
        ["alice-sha512"] = TsigAlgorithm.HmacSha512,
    };

    public static DnsName Zone { get; } = DnsName.Parse(ZoneName);

    public static DnsName Account { get; } = DnsName.Parse("alice." + ZoneName);

    public static byte[] Secret(string key) => [.. System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(key))];

    public static TsigKey MakeKey(string name = "alice-key") => new(DnsName.Parse(name), Keys[name], Secret(name));

    public async ValueTask InitializeAsync()
    {
        if (MissingReason is not null) return;
        for (int attempt = 1; ; attempt++)
        {
            EndPoint = new IPEndPoint(IPAddress.Loopback, FreePort.Take());
            try
            {
                _process = DaemonProcess.Start(_program, Configure(EndPoint.Port));
                await _process.WaitUntilAsync(_ => Dig("+short", ZoneName, "SOA").Contains("hostmaster", StringComparison.Ordinal), s_startTimeout);
                return;
            }
            catch (InvalidOperationException) when (attempt < StartAttempts)
            {
                _process?.Dispose(); // somebody else took the port in between
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null) await _process.DisposeAsync();
        System.IO.Directory.Delete(Directory, recursive: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Asks the server as a stranger would.</summary>
    public string Dig(params string[] arguments)
        => Command.Run("dig", ["+time=2", "+tries=2", "+norec", "-p", $"{EndPoint.Port}", $"@{EndPoint.Address}", .. arguments]).Output;

    /// <summary>Writes the configuration; returns the arguments of a server in the foreground.</summary>
    protected abstract IReadOnlyList<string> Configure(int port);

    protected string Write(string file, string text)
    {
        string path = Path.Combine(Directory, file);
        File.WriteAllText(path, text.ReplaceLineEndings("\n"));
        return path;
    }

    protected static string ZoneText(int port) => $"""
        $ORIGIN {ZoneName}.
        $TTL 10
        @ SOA ns hostmaster 1 3600 600 86400 10
        @ NS ns
        ns A 127.0.0.1
        alice TXT "an account"
        _dns-update._udp SRV 0 0 {port} ns

        """;
}
