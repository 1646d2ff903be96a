namespace Btmm.Platform.Services;

/// <summary>systemd, by systemctl. Thread-safe, without state.</summary>
public sealed class SystemdManager : IServiceManager
{
    /// <summary>Whether systemd runs this system.</summary>
    public static bool IsRunning => Directory.Exists("/run/systemd/system");

    /// <inheritdoc/>
    public async Task EnableAsync(string name, string path, bool start, CancellationToken cancellationToken)
    {
        await ReloadAsync(cancellationToken).ConfigureAwait(false);
        await SystemCommand.RunAsync("systemctl", ["enable", $"{name}.service"], cancellationToken).ConfigureAwait(false);
        if (start) await SystemCommand.RunAsync("systemctl", ["restart", $"{name}.service"], cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public Task DisableAsync(string name, CancellationToken cancellationToken) =>
        SystemCommand.RunAsync("systemctl", ["disable", "--now", $"{name}.service"], cancellationToken);

    /// <inheritdoc/>
    public Task ReloadAsync(CancellationToken cancellationToken) => SystemCommand.RunAsync("systemctl", ["daemon-reload"], cancellationToken);
}
