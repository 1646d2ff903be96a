using Btmm.Core.Diagnostics;
using Btmm.TestKit;

namespace Btmm.Core.Tests.Kit;

/// <summary>Lets virtual time run until an operation has ended.</summary>
internal static class ClockExtensions
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(10);

    /// <summary>Until it has ended, well or not, within ten minutes of virtual time. Returns its result.</summary>
    internal static async Task<T> RunAsync<T>(this FakeClock clock, Task<T> task)
    {
        await clock.RunUntilAsync(() => task.IsCompleted, s_limit);
        return await task;
    }

    /// <summary>Until it has ended, well or not, within ten minutes of virtual time.</summary>
    internal static async Task RunAsync(this FakeClock clock, Task task)
    {
        await clock.RunUntilAsync(() => task.IsCompleted, s_limit);
        await task;
    }

    /// <summary>Until it has failed, within ten minutes of virtual time. Returns why.</summary>
    internal static Task<BtmmException> FailAsync(this FakeClock clock, Task task) =>
        Assert.ThrowsAsync<BtmmException>(() => clock.RunAsync(task));
}
