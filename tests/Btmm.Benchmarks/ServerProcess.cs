using System.Diagnostics;

namespace Btmm.Benchmarks;

/// <summary>
/// A server in a process of its own, so that its memory and its processor time can be told from the clients'. It is this program
/// again, talks by lines, and stops when its input ends. Not thread-safe.
/// </summary>
internal sealed class ServerProcess : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    private readonly Process _process;

    private ServerProcess(Process process) => _process = process;

    /// <summary>Resident memory, bytes.</summary>
    internal long ResidentBytes
    {
        get
        {
            _process.Refresh();
            return _process.WorkingSet64;
        }
    }

    /// <summary>Processor time used so far.</summary>
    internal TimeSpan ProcessorTime
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    /// <summary>Starts this program with another verb.</summary>
    internal static ServerProcess Start(string verb)
    {
        string program = Environment.ProcessPath ?? throw new InvalidOperationException("The program's path is not known.");
        var start = new ProcessStartInfo(program, [verb]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        start.Environment["DOTNET_gcConcurrent"] = "1"; // as btmmd has it; this program switches it off for its other figures
        return new ServerProcess(Process.Start(start) ?? throw new InvalidOperationException("The server did not start."));
    }

    /// <summary>The next line of its output.</summary>
    internal async Task<string> ReadAsync() =>
        await _process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("The server ended.");

    /// <summary>Sends a line and gives the next line of its output.</summary>
    internal async Task<string> AskAsync(string line = "")
    {
        await _process.StandardInput.WriteLineAsync(line);
        return await ReadAsync();
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        if (!_process.WaitForExit(s_patience))
            _process.Kill();
        _process.Dispose();
    }
}
