namespace Btmm.PowerShell.Output;

/// <summary>One check of Test-BtmmTunnel.</summary>
public sealed class BtmmCheck
{
    /// <summary>What is checked.</summary>
    public required string Name { get; init; }

    /// <summary>The outcome.</summary>
    public required BtmmCheckResult Result { get; init; }

    /// <summary>What was seen.</summary>
    public required string Evidence { get; init; }

    /// <summary>What to do about it, when the check did not pass.</summary>
    public string? Remedy { get; init; }

    /// <summary>How long the check took.</summary>
    public TimeSpan Duration { get; init; }
}
