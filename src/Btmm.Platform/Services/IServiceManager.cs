using Btmm.Core.Diagnostics;

namespace Btmm.Platform.Services;

/// <summary>The system's service manager. Thread-safe.</summary>
public interface IServiceManager
{
    /// <summary>Has the service started with the system, and now when asked.</summary>
    /// <exception cref="BtmmException">SystemChangeFailed.</exception>
    Task EnableAsync(string name, string path, bool start, CancellationToken cancellationToken);

    /// <summary>Stops the service, and has it not started any more.</summary>
    /// <exception cref="BtmmException">SystemChangeFailed.</exception>
    Task DisableAsync(string name, CancellationToken cancellationToken);

    /// <summary>Has the definitions read again.</summary>
    /// <exception cref="BtmmException">SystemChangeFailed.</exception>
    Task ReloadAsync(CancellationToken cancellationToken);
}
