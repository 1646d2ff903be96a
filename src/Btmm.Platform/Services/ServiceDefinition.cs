namespace Btmm.Platform.Services;

/// <summary>A program that the system runs from its start on. Immutable.</summary>
public sealed record ServiceDefinition
{
    /// <summary>Its name: letters, digits, hyphens, underscores and dots.</summary>
    public required string Name { get; init; }

    /// <summary>What it runs; decides which rights it keeps.</summary>
    public required ServiceKind Kind { get; init; }

    /// <summary>The program, a full path.</summary>
    public required string Program { get; init; }

    /// <summary>Its arguments.</summary>
    public required IReadOnlyList<string> Arguments { get; init; }

    /// <summary>Whether the program tells systemd when it is ready.</summary>
    public bool Notifies { get; init; }

    /// <summary>When it is started again.</summary>
    public ServiceRestart Restart { get; init; }

    /// <summary>Directories that it writes to, full paths.</summary>
    public IReadOnlyList<string> Writes { get; init; } = [];
}
