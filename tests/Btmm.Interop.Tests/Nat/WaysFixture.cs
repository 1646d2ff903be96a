using System.Collections.Concurrent;
using Btmm.TestKit;

namespace Btmm.Interop.Tests.Nat;

/// <summary>
/// A lab where each gateway's daemon speaks one protocol alone. A scenario runs on all ways at the same time, since it mostly waits;
/// on one way, scenarios run one after the other. Each row of a theory then awaits its own.
/// </summary>
public sealed class WaysFixture : IDisposable
{
    private readonly ConcurrentDictionary<(string Scenario, string Way), Lazy<Task<string>>> _runs = [];
    private readonly Dictionary<string, Task> _tails = [];
    private readonly Lock _gate = new();

    public WaysFixture()
    {
        if (Lab.Unavailable is not null) return;
        // PCP grants no less than that, and a renewal is to be seen.
        Lab lab = Instance = Lab.Start([KeyValuePair.Create("LAB_MIN_LIFETIME", "10")], "six");
        lab.Run("add-host", "lodger", "hotel", "116");
        foreach (MappingWay way in MappingWay.All) lab.SpeakOnly(way.Gateway, way.Name);
    }

    private Lab? Instance { get; }

    /// <summary>The lab; skips the test where there is none.</summary>
    public Lab Require()
    {
        Assert.SkipWhen(Lab.Unavailable is not null, Lab.Unavailable ?? "");
        return Instance ?? throw new InvalidOperationException("the lab did not start");
    }

    /// <summary>Runs a scenario on all ways, if that has not begun, and waits for one of them; prints what it reported.</summary>
    internal async Task RunAsync(string scenario, string name, Func<Lab, MappingWay, Task<string>> run)
    {
        Lab lab = Require();
        foreach (MappingWay way in MappingWay.All)
            _ = _runs.GetOrAdd((scenario, way.Name), _ => new Lazy<Task<string>>(() => AppendAsync(way.Name, () => run(lab, way)))).Value;
        string report = await _runs[(scenario, name)].Value;
        TestContext.Current.TestOutputHelper?.WriteLine(report);
    }

    public void Dispose() => Instance?.Dispose();

    private Task<string> AppendAsync(string way, Func<Task<string>> run)
    {
        lock (_gate)
        {
            Task before = _tails.GetValueOrDefault(way, Task.CompletedTask);
            Task<string> mine = Task.Run(async () =>
            {
                await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                return await run();
            });
            _tails[way] = mine;
            return mine;
        }
    }
}
