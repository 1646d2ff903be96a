using Btmm.Platform.Services;

namespace Btmm.PowerShell.Output;

/// <summary>A service that Register-BtmmService registered.</summary>
public sealed class BtmmService
{
    /// <summary>The service's name.</summary>
    public required string Name { get; init; }

    /// <summary>What it runs.</summary>
    public required ServiceKind Kind { get; init; }

    /// <summary>The unit, or the task's file.</summary>
    public required string Path { get; init; }

    /// <summary>The program and its arguments.</summary>
    public required string Command { get; init; }

    /// <summary>Whether the service manager was told to start it with the system.</summary>
    public required bool IsEnabled { get; init; }

    /// <inheritdoc/>
    public override string ToString() => Name;
}
