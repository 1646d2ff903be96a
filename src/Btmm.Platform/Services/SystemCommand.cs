using System.ComponentModel;
using System.Diagnostics;
using Btmm.Core.Diagnostics;

namespace Btmm.Platform.Services;

/// <summary>Runs a command of the system to its end. Holds no state.</summary>
internal static class SystemCommand
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(60);

    /// <exception cref="BtmmException">SystemChangeFailed: it is missing, took too long or ended with an error.</exception>
    internal static async Task RunAsync(string program, string[] arguments, CancellationToken cancellationToken)
    {
        (int code, string output) = await TryRunAsync(program, arguments, cancellationToken).ConfigureAwait(false);
        if (code != 0)
            throw new BtmmException(BtmmErrorReason.SystemChangeFailed, $"{program} {string.Join(' ', arguments)} ended with {code}: {output.Trim()}", "Run as root, and see what it says.");
    }

    /// <summary>Its exit code and what it printed.</summary>
    /// <exception cref="BtmmException">SystemChangeFailed: it is missing or took too long.</exception>
    internal static async Task<(int Code, string Output)> TryRunAsync(string program, string[] arguments, CancellationToken cancellationToken)
    {
        using var process = new Process { StartInfo = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false } };
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(s_timeout);
        try
        {
            process.Start();
            Task<string> output = process.StandardOutput.ReadToEndAsync(limit.Token);
            Task<string> error = process.StandardError.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token).ConfigureAwait(false);
            return (process.ExitCode, await output.ConfigureAwait(false) + await error.ConfigureAwait(false));
        }
        catch (Win32Exception error)
        {
            throw new BtmmException(BtmmErrorReason.SystemChangeFailed, $"{program} cannot be run: {error.Message}", "Install it, or register without a service manager.", error);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            process.Kill();
            throw new BtmmException(BtmmErrorReason.SystemChangeFailed, $"{program} did not end within {s_timeout.TotalSeconds:0} s.", "See what it waits for.");
        }
    }
}
