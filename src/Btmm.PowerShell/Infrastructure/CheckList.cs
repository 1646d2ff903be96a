using Btmm.Core.Diagnostics;
using Btmm.PowerShell.Output;

namespace Btmm.PowerShell.Infrastructure;

/// <summary>Runs checks one after the other and turns what they find, or fail with, into results.</summary>
/// <param name="emit">Takes each result, on the pipeline thread.</param>
internal sealed class CheckList(Action<BtmmCheck> emit)
{
    /// <summary>Whether no check failed so far.</summary>
    public bool IsGood { get; private set; } = true;

    /// <summary>Runs a check. An expected exception is a failed check; returns whether it passed, perhaps with a warning.</summary>
    public bool Run(string name, Func<CheckOutcome> check)
    {
        long start = TimeProvider.System.GetTimestamp();
        CheckOutcome outcome;
        try
        {
            outcome = check();
        }
        catch (Exception e) when (ErrorMap.IsExpected(e))
        {
            string? remedy = e is BtmmException known ? known.Remedy : ErrorMap.ToErrorRecord(e, null).ErrorDetails.RecommendedAction;
            outcome = CheckOutcome.Failed(e.Message, remedy);
        }
        Add(name, outcome, TimeProvider.System.GetElapsedTime(start));
        return outcome.Result is BtmmCheckResult.Passed or BtmmCheckResult.Warning;
    }

    /// <summary>Notes a check that was not made.</summary>
    public void Skip(string name, string why) => Add(name, new CheckOutcome(BtmmCheckResult.Skipped, why), TimeSpan.Zero);

    private void Add(string name, CheckOutcome outcome, TimeSpan duration)
    {
        IsGood &= outcome.Result != BtmmCheckResult.Failed;
        emit(new BtmmCheck { Name = name, Result = outcome.Result, Evidence = outcome.Evidence, Remedy = outcome.Remedy, Duration = duration });
    }
}

/// <summary>What a check found.</summary>
/// <param name="Result">The result.</param>
/// <param name="Evidence">What was seen.</param>
/// <param name="Remedy">What to do, unless all is well.</param>
internal sealed record CheckOutcome(BtmmCheckResult Result, string Evidence, string? Remedy = null)
{
    /// <summary>All is well.</summary>
    public static CheckOutcome Passed(string evidence) => new(BtmmCheckResult.Passed, evidence);

    /// <summary>It works, with a limit.</summary>
    public static CheckOutcome Warning(string evidence, string? remedy) => new(BtmmCheckResult.Warning, evidence, remedy);

    /// <summary>It does not work.</summary>
    public static CheckOutcome Failed(string evidence, string? remedy) => new(BtmmCheckResult.Failed, evidence, remedy);
}
