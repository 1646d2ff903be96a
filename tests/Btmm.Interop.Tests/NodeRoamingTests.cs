namespace Btmm.Interop.Tests;

/// <summary>
/// TCP through the tunnel while networks change under it. Each test prints how long the stream stood still; the aims (2 s for
/// one host that roams, 5 s for two at once) are printed beside it, what is asserted leaves room for a busy machine.
/// </summary>
[Collection(NodeCollection.Name)]
public sealed class NodeRoamingTests(ITestOutputHelper output)
{
    [Fact]
    public Task Roam_OneHost_TcpSurvives() =>
        RunAsync("laptop roams from the café to the hotel", 2, lab =>
        {
            lab.Lab.Roam(NodeLab.Laptop, "hotel");
            return Task.CompletedTask;
        });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task Roam_BothAtOnce_TcpSurvives(bool withPush) =>
        RunAsync("both roam at the same moment", 5, lab => Task.WhenAll(
            Task.Run(() => lab.Lab.Roam(NodeLab.Laptop, "hotel")),
            Task.Run(() => lab.Lab.Roam(NodeLab.Studio, "cafe"))), withPush);

    [Fact]
    public Task Roam_HomeAndBack_TcpSurvives() =>
        RunAsync("laptop roams to a public address and back behind a NAT", 4, async lab =>
        {
            lab.Lab.Roam(NodeLab.Laptop, "pub2");
            await lab.Nodes[NodeLab.Laptop].WaitForAsync("mapping-ready", e => e.GetProperty("endpoint").GetString()!.StartsWith("198.51.100.102:", StringComparison.Ordinal));
            lab.Lab.Roam(NodeLab.Laptop, "cafe");
        });

    [Fact]
    public Task Gateway_ChangesAddress_TcpSurvives() =>
        RunAsync("gw-home gets another public address", 5, lab =>
        {
            lab.Lab.Readdress("gw-home", "203.0.113.77");
            return Task.CompletedTask;
        });

    [Fact]
    public Task Gateway_Reboots_TcpSurvives() =>
        RunAsync("gw-home reboots and forgets its mappings", 5, lab =>
        {
            lab.Lab.Reboot("gw-home");
            return Task.CompletedTask;
        });

    [Fact]
    public Task Gateway_RebootsAndIsDeadForThreeSeconds_TcpSurvives() =>
        RunAsync("gw-home reboots, forwards nothing for 3 s and forgets its mappings", 8, lab =>
        {
            lab.Lab.Reboot("gw-home", seconds: 3);
            return Task.CompletedTask;
        });

    private Task RunAsync(string what, int aimSeconds, Func<NodeLab, Task> disturb, bool withPush = false) =>
        NodeDisturbance.RunAsync(output, what, aimSeconds, disturb, withPush);
}
