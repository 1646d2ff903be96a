using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace Btmm.TestKit;

/// <summary>
/// A program that runs beside a test. What it writes is kept for failure messages. Disposing ends just this process: first
/// by SIGTERM, then by SIGKILL. Thread-safe.
/// </summary>
public sealed partial class DaemonProcess : IDisposable, IAsyncDisposable
{
    private const int SigTerm = 15;
    private const int LogLimit = 1 << 20;
    private static readonly TimeSpan s_grace = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_pollInterval = TimeSpan.FromMilliseconds(20);

    private readonly Process _process;
    private readonly StringBuilder _log = new();
    private readonly Lock _gate = new();
    private readonly string _line;

    private DaemonProcess(Process process, string line)
    {
        _process = process;
        _line = line;
        process.OutputDataReceived += (_, e) => Append(e.Data);
        process.ErrorDataReceived += (_, e) => Append(e.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>The process's id. A program started by <c>ip netns exec</c> keeps it.</summary>
    public int Id => _process.Id;

    /// <summary>Whether the process has ended.</summary>
    public bool HasExited => _process.HasExited;

    /// <summary>The exit code of a process that has ended.</summary>
    public int ExitCode => _process.ExitCode;

    /// <summary>What the program has written so far, both streams (the last mebibyte).</summary>
    public string Log
    {
        get
        {
            lock (_gate) return _log.ToString();
        }
    }

    /// <summary>Starts a program.</summary>
    public static DaemonProcess Start(
        string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        ProcessStartInfo start = new(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        foreach ((string key, string value) in environment ?? new Dictionary<string, string>()) start.Environment[key] = value;
        Process process = Process.Start(start) ?? throw new InvalidOperationException($"cannot start {program}");
        return new DaemonProcess(process, $"{program} {string.Join(' ', start.ArgumentList)}");
    }

    /// <summary>Waits until <paramref name="ready"/> holds.</summary>
    /// <exception cref="InvalidOperationException">The process ended first; the message carries its log.</exception>
    /// <exception cref="TimeoutException">It did not become ready in time; the message carries its log.</exception>
    public async Task WaitUntilAsync(Func<DaemonProcess, bool> ready, TimeSpan timeout)
    {
        Stopwatch waited = Stopwatch.StartNew();
        while (!ready(this))
        {
            if (HasExited) throw new InvalidOperationException($"\"{_line}\" ended with {ExitCode}\n{Log}");
            if (waited.Elapsed > timeout) throw new TimeoutException($"\"{_line}\" was not ready after {timeout}\n{Log}");
            await Task.Delay(s_pollInterval).ConfigureAwait(false);
        }
    }

    /// <summary>Waits until the program has written <paramref name="text"/>.</summary>
    public Task WaitForLogAsync(string text, TimeSpan timeout) =>
        WaitUntilAsync(daemon => daemon.Log.Contains(text, StringComparison.Ordinal), timeout);

    /// <summary>Waits for the end of the process; false when it still runs after <paramref name="timeout"/>.</summary>
    public bool WaitForExit(TimeSpan timeout) => _process.WaitForExit(timeout);

    /// <summary>Sends SIGTERM and waits; sends SIGKILL when that is not enough. Returns the exit code.</summary>
    public int Stop(TimeSpan? grace = null)
    {
        if (!HasExited) _ = SendSignal(Id, SigTerm);
        if (!_process.WaitForExit(grace ?? s_grace)) Kill();
        return _process.ExitCode;
    }

    /// <summary>Sends SIGKILL and waits for the end.</summary>
    public void Kill()
    {
        if (!HasExited) _process.Kill();
        _process.WaitForExit();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Stop();
        _process.Dispose();
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }

    private void Append(string? line)
    {
        if (line is null) return;
        lock (_gate)
        {
            _log.AppendLine(line);
            if (_log.Length > LogLimit) _log.Remove(0, LogLimit / 2);
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int SendSignal(int pid, int signal);
}
