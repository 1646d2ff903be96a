using System.Net;
using Btmm.Protocol.Dns.Tsig;
using Btmm.TestKit;

namespace Btmm.Interop.Tests;

/// <summary>A real name server on the loopback interface that is a secondary of the embedded zone service.</summary>
internal sealed class SecondaryServer : IAsyncDisposable
{
    private static readonly TimeSpan s_startTimeout = TimeSpan.FromSeconds(30);

    private readonly string _directory;
    private readonly DaemonProcess _process;

    private SecondaryServer(string directory, DaemonProcess process, IPEndPoint endPoint)
    {
        _directory = directory;
        _process = process;
        EndPoint = endPoint;
    }

    internal IPEndPoint EndPoint { get; }

    internal string Log => _process.Log;

    internal static async Task<SecondaryServer> StartAsync(string program, int port, ServerFixture primary, TsigKey key)
    {
        string directory = Directory.CreateTempSubdirectory("btmm-secondary-").FullName;
        byte[] secret = new byte[key.SecretLength];
        key.CopySecretTo(secret);
        string text = program == "named"
            ? Bind(directory, port, primary.Endpoint.Port, key, Convert.ToBase64String(secret))
            : Knot(directory, port, primary.Endpoint.Port, key, Convert.ToBase64String(secret));
        string path = Path.Combine(directory, "server.conf");
        await File.WriteAllTextAsync(path, text.ReplaceLineEndings("\n"));
        DaemonProcess process = DaemonProcess.Start(program, program == "named" ? ["-f", "-c", path] : ["-c", path]);
        var server = new SecondaryServer(directory, process, new IPEndPoint(IPAddress.Loopback, port));
        await process.WaitUntilAsync(_ => server.Serial() == primary.Serial, s_startTimeout);
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    /// <summary>The serial that it has now; 0 when it has none.</summary>
    internal uint Serial()
    {
        string[] fields = Dig("+short", ServerFixture.Domain, "SOA").Split(' ');
        return fields.Length == 7 && uint.TryParse(fields[2], out uint serial) ? serial : 0;
    }

    /// <summary>Waits until it has the primary's serial.</summary>
    internal Task FollowAsync(ServerFixture primary, TimeSpan timeout) => _process.WaitUntilAsync(_ => Serial() == primary.Serial, timeout);

    internal string Dig(params string[] arguments) =>
        Command.Run("dig", ["+time=2", "+tries=1", "+norec", "-p", $"{EndPoint.Port}", $"@{EndPoint.Address}", .. arguments]).Output;

    private static string Bind(string directory, int port, int primary, TsigKey key, string secret) => $$"""
        options {
          directory "{{directory}}"; pid-file "{{directory}}/named.pid"; session-keyfile "{{directory}}/session.key"; lock-file none;
          listen-on port {{port}} { 127.0.0.1; }; listen-on-v6 { none; };
          recursion no; dnssec-validation no; notify no; minimal-responses no; serial-query-rate 1000; allow-transfer { 127.0.0.1; };
        };
        controls { };
        logging { channel err { stderr; severity debug 3; }; category default { null; }; category xfer-in { err; }; category notify { err; }; };
        key "{{key.Name}}" { algorithm {{key.Algorithm.Name}}; secret "{{secret}}"; };
        zone "{{ServerFixture.Domain}}" { type secondary; file "zone.db"; masterfile-format text; primaries { 127.0.0.1 port {{primary}} key "{{key.Name}}"; }; };
        """;

    private static string Knot(string directory, int port, int primary, TsigKey key, string secret) => $"""
        server:
            rundir: "{directory}"
            pidfile: "{directory}/knot.pid"
            listen: [ 127.0.0.1@{port} ]
        log:
          - target: stderr
            any: info
        database:
            storage: "{directory}"
        key:
          - id: {key.Name}.
            algorithm: {key.Algorithm.Name}
            secret: {secret}
        remote:
          - id: primary
            address: 127.0.0.1@{primary}
            key: {key.Name}.
        acl:
          - id: notify
            key: {key.Name}.
            action: notify
          - id: dig
            address: 127.0.0.1
            action: transfer
        zone:
          - domain: {ServerFixture.Domain}
            storage: "{directory}"
            file: "zone.db"
            master: primary
            acl: [ notify, dig ]
        """;
}
