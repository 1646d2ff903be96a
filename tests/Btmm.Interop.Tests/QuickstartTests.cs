using System.Globalization;
using System.Text.RegularExpressions;
using Btmm.TestKit;

namespace Btmm.Interop.Tests;

/// <summary>The demonstration of the README, run as a person would.</summary>
public sealed partial class QuickstartTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Quickstart_AsRoot_HoldsAndLeavesNothing()
    {
        Assert.SkipWhen(Lab.Unavailable is not null, Lab.Unavailable ?? "");
        CommandResult run = await RunAsync();

        Assert.True(run.Succeeded, run.Output + run.Error);
        output.WriteLine(run.Output[run.Output.IndexOf("\n  account ", StringComparison.Ordinal)..]);
        Assert.Contains("Everything held.", run.Output, StringComparison.Ordinal);
        Assert.Contains("DNS Push Notifications", run.Output, StringComparison.Ordinal);
        Assert.Contains("SHA-256 equal: yes", run.Output, StringComparison.Ordinal);
        int pause = int.Parse(Interruption().Match(run.Output).Groups[1].Value, CultureInfo.InvariantCulture);
        Assert.InRange(pause, 0, 30_000);
        Assert.Empty(Directory.GetDirectories("/etc/netns", "bq*"));
    }

    private static Task<CommandResult> RunAsync()
    {
        string script = Path.Combine(Path.GetDirectoryName(Lab.Script)!, "..", "..", "examples", "quickstart.sh");
        var environment = new Dictionary<string, string> { ["BTMM_DAEMON"] = Path.Combine(AppContext.BaseDirectory, "btmmd") };
        return Command.RunAsync("bash", [Path.GetFullPath(script), "--no-build"], environment, timeout: TimeSpan.FromMinutes(6));
    }

    [GeneratedRegex(@"interruption when the laptop moved (\d+) ms")]
    private static partial Regex Interruption();
}
