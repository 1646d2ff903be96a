using Btmm.Core.Diagnostics;

namespace Btmm.Daemon;

/// <summary>The whole program, with its streams as parameters so that tests can run it.</summary>
internal static class Application
{
    /// <summary>Runs one command; returns the exit code.</summary>
    internal static async Task<int> RunAsync(IReadOnlyList<string> arguments, TextReader input, TextWriter output, TextWriter error)
    {
        if (arguments.Contains("--help") || arguments is ["help"] or ["-h"])
        {
            output.WriteLine(HelpText.Text);
            return ExitCode.Success;
        }

        if (arguments is ["--version"])
        {
            output.WriteLine($"btmmd {typeof(Application).Assembly.GetName().Version?.ToString(3)}");
            return ExitCode.Success;
        }

        try
        {
            using var signal = new ShutdownSignal();
            return await DispatchAsync(arguments, input, output, error, signal.Token).ConfigureAwait(false);
        }
        catch (UsageException e)
        {
            error.WriteLine($"btmmd: {e.Message}; see btmmd --help");
            return ExitCode.Usage;
        }
        catch (BtmmException e)
        {
            error.WriteLine($"btmmd: {EventPrinter.Describe(e)}");
            return CodeOf(e.Reason);
        }
        catch (OperationCanceledException)
        {
            return ExitCode.Success;
        }
    }

    private static Task<int> DispatchAsync(
        IReadOnlyList<string> arguments, TextReader input, TextWriter output, TextWriter error, CancellationToken stop)
    {
        string command = arguments.Count > 0 ? arguments[0] : "";
        IReadOnlyList<string> rest = [.. arguments.Skip(1)];
        return command switch
        {
            "node" => NodeCommand.RunAsync(rest, output, error, stop),
            "zone" => ZoneCommand.RunAsync(rest, output, stop),
            "account" => new AccountCommand(input, output).RunAsync(rest, stop),
            "" => throw new UsageException("a command is missing"),
            _ => throw new UsageException($"unknown command \"{command}\""),
        };
    }

    private static int CodeOf(BtmmErrorReason reason) => reason switch
    {
        BtmmErrorReason.AccountFileInvalid or BtmmErrorReason.NameNotFound or BtmmErrorReason.KeyFileInvalid => ExitCode.Account,
        BtmmErrorReason.PermissionDenied or BtmmErrorReason.TunUnavailable => ExitCode.Permission,
        BtmmErrorReason.ResourceBusy or BtmmErrorReason.StateDirectoryBusy => ExitCode.Busy,
        BtmmErrorReason.InvalidValue => ExitCode.Usage,
        _ => ExitCode.Failure,
    };
}
