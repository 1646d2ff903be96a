using System.Text.Json;

namespace Btmm.Interop.Tests;

/// <summary>What real nodes find out about their way to the internet, and when they look again.</summary>
[Collection(NodeCollection.Name)]
public sealed class NodeVerdictTests(ITestOutputHelper output)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Node_SomebodySignsInAtThePortal_LooksAgain()
    {
        await using NodeLab lab = await NodeLab.StartAsync("zoo");
        try
        {
            NodeProcess guest = lab.StartNode("guest");
            JsonElement before = await VerdictAsync(guest, "CaptivePortal: ");
            Assert.Contains("http://192.168.24.1:8080/login", before.GetProperty("remedy").GetString(), StringComparison.Ordinal);
            lab.Lab.Portal("gw-portal", "off");
            JsonElement after = await VerdictAsync(guest, "NoMapping: ");
            output.WriteLine($"{before}\n{after}");
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            output.WriteLine(lab.Logs());
            throw;
        }
    }

    [Fact]
    public async Task Node_AnotherAddressAnswersForTheGateway_IsRefusedAndToldOnce()
    {
        await using NodeLab lab = await NodeLab.StartAsync();
        try
        {
            Assert.Equal(0, lab.Nodes[NodeLab.Studio].Stop());
            lab.Lab.AnswerOddly("gw-home", "address");
            NodeProcess studio = lab.StartNode(NodeLab.Studio);
            JsonElement forged = await studio.WaitForAsync("gateway-answer-refused", IsAbout("192.168.1.9:5351"), timeout: s_patience);
            JsonElement other = await studio.WaitForAsync("gateway-answer-refused", IsAbout("192.168.1.9 answers as an Internet gateway"), timeout: s_patience);
            Assert.All([forged, other], told => Assert.NotEmpty(told.GetProperty("remedy").GetString()!));
            await studio.WaitForAsync("gateway-examined", timeout: s_patience); // It met with the same.
            Assert.Equal(2, studio.Count("gateway-answer-refused"));
            Assert.Empty(lab.Lab.Leases("gw-home"));
            output.WriteLine($"{forged}\n{other}");
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            output.WriteLine(lab.Logs());
            throw;
        }

        static Func<JsonElement, bool> IsAbout(string sender) =>
            told => told.GetProperty("message").GetString()!.Contains(sender, StringComparison.Ordinal);
    }

    // The gateway and its mapping are the same afterwards, so that the keeper has nothing new to tell.
    [Fact]
    public async Task Node_LinkFlaps_LooksAgain()
    {
        await using NodeLab lab = await NodeLab.StartAsync();
        try
        {
            NodeProcess studio = lab.Nodes[NodeLab.Studio];
            await VerdictAsync(studio, "SingleNat: ");
            int told = studio.Count("gateway-examined");
            lab.Lab.Cut(NodeLab.Studio);
            lab.Lab.Heal(NodeLab.Studio);
            await studio.WaitForAsync("gateway-examined", e => IsVerdict(e, "SingleNat: "), after: told, timeout: s_patience);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            output.WriteLine(lab.Logs());
            throw;
        }
    }

    private static Task<JsonElement> VerdictAsync(NodeProcess node, string verdict) =>
        node.WaitForAsync("gateway-examined", e => IsVerdict(e, verdict), timeout: s_patience);

    private static bool IsVerdict(JsonElement happened, string verdict) =>
        happened.GetProperty("message").GetString()!.StartsWith(verdict, StringComparison.Ordinal);
}
