namespace Btmm.TestKit;

/// <summary>How a command ended.</summary>
/// <param name="Command">The command line, for messages.</param>
/// <param name="ExitCode">Its exit code.</param>
/// <param name="Output">What it wrote to standard output.</param>
/// <param name="Error">What it wrote to standard error.</param>
public sealed record CommandResult(string Command, int ExitCode, string Output, string Error)
{
    /// <summary>Whether the exit code is 0.</summary>
    public bool Succeeded => ExitCode == 0;

    /// <summary>The standard output of a command that succeeded.</summary>
    /// <exception cref="InvalidOperationException">It failed; the message carries what it wrote.</exception>
    public string Require() => Succeeded
        ? Output
        : throw new InvalidOperationException($"\"{Command}\" ended with {ExitCode}\n{Output}\n{Error}");
}
