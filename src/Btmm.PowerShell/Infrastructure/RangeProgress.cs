using System.Globalization;
using System.Management.Automation;

namespace Btmm.PowerShell.Infrastructure;

/// <summary>Shows how far a cmdlet is in a range of items, once it has taken longer than a second. On the pipeline thread only.</summary>
/// <param name="cmdlet">The cmdlet.</param>
/// <param name="total">How many items there are.</param>
internal sealed class RangeProgress(BtmmCmdlet cmdlet, int total) : IDisposable
{
    private readonly long _start = TimeProvider.System.GetTimestamp();
    private bool _isShown;

    /// <summary>An item is begun.</summary>
    /// <param name="index">How many were done before.</param>
    /// <param name="item">Which it is.</param>
    public void Report(int index, string item)
    {
        if (total < 2 || TimeProvider.System.GetElapsedTime(_start) < BtmmCmdlet.ProgressAfter) return;
        _isShown = true;
        ProgressRecord record = cmdlet.NewProgress(string.Create(CultureInfo.InvariantCulture, $"{item} ({index + 1} of {total})"));
        record.PercentComplete = 100 * index / total;
        cmdlet.WriteProgress(record);
    }

    /// <summary>Takes the bar away.</summary>
    public void Dispose()
    {
        if (!_isShown) return;
        ProgressRecord record = cmdlet.NewProgress("done");
        record.RecordType = ProgressRecordType.Completed;
        cmdlet.WriteProgress(record);
    }
}
