namespace Btmm.PowerShell.Output;

/// <summary>The outcome of a check.</summary>
public enum BtmmCheckResult
{
    /// <summary>All is well.</summary>
    Passed,

    /// <summary>It works, with a limit that the evidence tells.</summary>
    Warning,

    /// <summary>It does not work.</summary>
    Failed,

    /// <summary>Not done, because an earlier check failed.</summary>
    Skipped,
}
