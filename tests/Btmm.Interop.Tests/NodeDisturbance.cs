using System.Net;

namespace Btmm.Interop.Tests;

/// <summary>TCP between two nodes through their tunnel, while something happens to the network.</summary>
internal static class NodeDisturbance
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);

    /// <summary>Prints how long the stream stood still, and the aim beside it; what is asserted leaves room for a busy machine.</summary>
    internal static async Task RunAsync(ITestOutputHelper output, string what, int aimSeconds, Func<NodeLab, Task> disturb, bool withPush = false)
    {
        await using NodeLab lab = await NodeLab.StartAsync(withPush);
        try
        {
            IPAddress studio = lab.Resolve(NodeLab.Laptop, NodeLab.Studio);
            await using NodeEchoStream stream = await NodeEchoStream.ConnectAsync(
                lab.Lab.Namespace(NodeLab.Laptop), lab.Lab.Namespace(NodeLab.Studio), studio);
            await stream.WaitForFlowAsync(TimeSpan.Zero, s_limit);

            TimeSpan before = stream.Now;
            await disturb(lab);
            await stream.WaitForFlowAsync(stream.Now, s_limit);
            // Late effects (a stale endpoint published, a second move) would show now.
            await Task.Delay(TimeSpan.FromSeconds(3));
            await stream.WaitForFlowAsync(stream.Now, s_limit);
            (TimeSpan gap, TimeSpan begin) = stream.LongestGap(before);
            output.WriteLine($"{what}{(withPush ? " (DNS Push)" : "")}: TCP stood still for {gap.TotalMilliseconds:F0} ms, {begin.TotalSeconds:F1} s after it began (aim: {aimSeconds} s)");
            Assert.True(gap < s_limit, $"{gap}");
            Assert.All(lab.Nodes.Values, node => Assert.False(node.HasExited));
            if (Environment.GetEnvironmentVariable("BTMM_TEST_LOGS") is not null) output.WriteLine(lab.Logs());
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            output.WriteLine(lab.Logs());
            throw;
        }
    }
}
