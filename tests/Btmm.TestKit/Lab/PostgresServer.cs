namespace Btmm.TestKit;

/// <summary>
/// A PostgreSQL server of a test's own: Debian's programs, on a socket in a temporary directory, as an unprivileged user since
/// it does not run as root. Disposing ends it and removes its files.
/// </summary>
public sealed class PostgresServer : IAsyncDisposable
{
    private const string User = "postgres";
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private readonly string _directory;
    private readonly string _programs;
    private DaemonProcess? _process;

    private PostgresServer(string programs, string directory) => (_programs, _directory) = (programs, directory);

    /// <summary>Why there can be none on this machine; null when there can.</summary>
    public static string? Missing =>
        FindPrograms() is null ? "PostgreSQL (Debian's package postgresql) is not installed"
        : Environment.IsPrivilegedProcess && !Command.Exists("setpriv") ? "setpriv (Debian's package util-linux) is not installed"
        : null;

    private string Data => Path.Combine(_directory, "data");

    /// <summary>Makes and starts a server.</summary>
    public static async Task<PostgresServer> StartAsync()
    {
        string programs = FindPrograms() ?? throw new InvalidOperationException(Missing);
        string directory = Directory.CreateTempSubdirectory("btmm-pg-").FullName;
        var server = new PostgresServer(programs, directory);
        if (Environment.IsPrivilegedProcess) (await Command.RunAsync("chown", [User, directory])).Require();
        await server.RunAsync("initdb", "-D", server.Data, "-A", "trust", "-U", User, "-E", "UTF8", "--locale=C", "--no-sync");
        await server.BeginAsync();
        return server;
    }

    /// <summary>Starts the server again after <see cref="StopAsync"/>.</summary>
    public async Task BeginAsync()
    {
        (string program, string[] arguments) = As("postgres", ["-D", Data, "-k", _directory, "-c", "listen_addresses=", "-c", "max_connections=50"]);
        _process = DaemonProcess.Start(program, arguments);
        await _process.WaitForLogAsync("ready to accept connections", s_patience);
    }

    /// <summary>Stops it: by order, breaking all connections, or as a crash would.</summary>
    public async Task StopAsync(bool crash = false)
    {
        await RunAsync("pg_ctl", "stop", "-D", Data, "-m", crash ? "immediate" : "fast");
        _process?.Dispose();
        _process = null;
    }

    /// <summary>Makes a database; returns how Npgsql connects to it.</summary>
    public async Task<string> CreateDatabaseAsync(string name)
    {
        await SqlAsync("postgres", $"CREATE DATABASE {name}");
        return $"Host={_directory};Username={User};Database={name}";
    }

    /// <summary>Runs SQL in a database; returns what psql prints.</summary>
    public async Task<string> SqlAsync(string database, string sql) =>
        (await RunAsync("psql", "-h", _directory, "-U", User, "-d", database, "-v", "ON_ERROR_STOP=1", "-AtXc", sql)).Trim();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false }) await StopAsync(crash: true);
        Directory.Delete(_directory, recursive: true);
    }

    private static string? FindPrograms() =>
        Directory.Exists("/usr/lib/postgresql")
            ? Directory.GetDirectories("/usr/lib/postgresql").Order().Select(path => Path.Combine(path, "bin")).LastOrDefault(path => File.Exists(Path.Combine(path, "postgres")))
            : null;

    private async Task<string> RunAsync(string program, params string[] arguments)
    {
        (program, arguments) = As(program, arguments);
        return (await Command.RunAsync(program, arguments)).Require();
    }

    // setpriv becomes the program, so that a process's id is the program's.
    private (string Program, string[] Arguments) As(string program, string[] arguments)
    {
        string path = Path.Combine(_programs, program);
        return Environment.IsPrivilegedProcess
            ? ("setpriv", [$"--reuid={User}", $"--regid={User}", "--clear-groups", path, .. arguments])
            : (path, arguments);
    }
}
