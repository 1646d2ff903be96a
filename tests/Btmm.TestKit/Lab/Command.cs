using System.Diagnostics;

namespace Btmm.TestKit;

/// <summary>Runs a program to its end. Thread-safe.</summary>
public static class Command
{
    /// <summary>How long a command may take when nothing else is said.</summary>
    public static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(120);

    /// <summary>Runs a program and returns how it ended; kills it (and only it) when it takes too long.</summary>
    /// <exception cref="TimeoutException">It did not end in time.</exception>
    public static async Task<CommandResult> RunAsync(
        string program,
        IEnumerable<string> arguments,
        IReadOnlyDictionary<string, string>? environment = null,
        TimeSpan? timeout = null,
        string? input = null)
    {
        ProcessStartInfo start = new(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        foreach ((string key, string value) in environment ?? new Dictionary<string, string>()) start.Environment[key] = value;
        string line = $"{program} {string.Join(' ', start.ArgumentList)}";
        using Process process = Process.Start(start) ?? throw new InvalidOperationException($"cannot start {program}");
        if (input is not null) await process.StandardInput.WriteAsync(input).ConfigureAwait(false);
        process.StandardInput.Close();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        using CancellationTokenSource deadline = new(timeout ?? DefaultTimeout);
        try
        {
            await process.WaitForExitAsync(deadline.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            throw new TimeoutException($"\"{line}\" did not end within {timeout ?? DefaultTimeout}");
        }

        return new CommandResult(
            line, process.ExitCode, await output.ConfigureAwait(false), await error.ConfigureAwait(false));
    }

    /// <summary>As <see cref="RunAsync"/>, blocking.</summary>
    public static CommandResult Run(
        string program,
        IEnumerable<string> arguments,
        IReadOnlyDictionary<string, string>? environment = null,
        TimeSpan? timeout = null,
        string? input = null) =>
        Task.Run(() => RunAsync(program, arguments, environment, timeout, input)).GetAwaiter().GetResult();

    /// <summary>Whether a program of that name can be found, in PATH or in the system administrator's directories.</summary>
    public static bool Exists(string program) =>
        $"{Environment.GetEnvironmentVariable("PATH")}:/usr/sbin:/sbin".Split(':')
            .Any(directory => directory.Length > 0 && File.Exists(Path.Combine(directory, program)));
}
