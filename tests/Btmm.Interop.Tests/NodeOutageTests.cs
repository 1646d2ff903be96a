namespace Btmm.Interop.Tests;

/// <summary>TCP through the tunnel while the zone service is away. It mostly waits, hence it has others beside it.</summary>
public sealed class NodeOutageTests(ITestOutputHelper output)
{
    [Fact]
    public Task ZoneService_DownWhileOneRoams_TcpSurvives() =>
        NodeDisturbance.RunAsync(output, "the zone service is down and laptop roams meanwhile", 2, async lab =>
        {
            lab.Zone.Kill();
            await Task.Delay(DownTime / 2);
            lab.Lab.Roam(NodeLab.Laptop, "hotel");
            await Task.Delay(DownTime / 2);
            int before = lab.Nodes[NodeLab.Laptop].Count("published");
            await lab.StartZoneAsync();
            await lab.Nodes[NodeLab.Laptop].WaitForAsync("published", after: before, timeout: TimeSpan.FromMinutes(2));
        });

    /// <summary>How long the zone service is down: a minute, or what the environment says.</summary>
    private static TimeSpan DownTime =>
        TimeSpan.FromSeconds(int.TryParse(Environment.GetEnvironmentVariable("BTMM_TEST_ZONE_DOWN_SECONDS"), out int seconds) ? seconds : 60);
}
