namespace Btmm.Platform.Services;

/// <summary>The task scheduler of Windows, by schtasks. Thread-safe, without state.</summary>
public sealed class TaskSchedulerManager : IServiceManager
{
    /// <inheritdoc/>
    public async Task EnableAsync(string name, string path, bool start, CancellationToken cancellationToken)
    {
        await SystemCommand.RunAsync("schtasks", ["/Create", "/TN", TaskName(name), "/XML", path, "/F"], cancellationToken).ConfigureAwait(false);
        if (start) await SystemCommand.RunAsync("schtasks", ["/Run", "/TN", TaskName(name)], cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task DisableAsync(string name, CancellationToken cancellationToken)
    {
        // Ending one that does not run is no failure.
        await SystemCommand.TryRunAsync("schtasks", ["/End", "/TN", TaskName(name)], cancellationToken).ConfigureAwait(false);
        await SystemCommand.RunAsync("schtasks", ["/Delete", "/TN", TaskName(name), "/F"], cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public Task ReloadAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private static string TaskName(string name) => $@"\Btmm\{name}";
}
