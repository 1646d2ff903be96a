using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal;
using Btmm.Core.NatTraversal.Auto;

namespace Btmm.Core.Tests.NatTraversal.Auto;

/// <summary>Random losses in random order: never two mappings, and none when released.</summary>
public sealed class AutoWalkTests
{
    private const int Seeds = 5;

    [Fact]
    public async Task Any_LossesAndOrders_NeverTwoMappingsAndNoneWhenReleased()
    {
        for (int seed = 0; seed < Seeds; seed++) await WalkAsync(seed);
    }

    /// <summary>A random walk: methods fall silent, refuse and come back, while a mapper maps, renews, crashes and starts again.</summary>
    private static async Task WalkAsync(int seed)
    {
        var random = new Random(seed);
        AutoFixture lab = new();
        AutoPortMapper auto = lab.Open();
        for (int step = 0; step < 5; step++)
        {
            foreach (FakeMethod method in lab.Methods) Misbehave(method, random);
            Task<PortMapping> map = auto.MapAsync(lab.Request, ExchangeEffort.Brisk, CancellationToken.None);
            await lab.Clock.RunUntilAsync(() => map.IsCompleted, TimeSpan.FromMinutes(5));
            if (!map.IsCompletedSuccessfully) Assert.IsType<BtmmException>(map.Exception?.InnerException);

            // A deaf method cannot be told to delete: what it holds is at least known, and goes with the next mapping.
            int unknown = lab.Methods.Count(method => lab.Table.Has(method.Method, AutoFixture.Port) && !lab.Memory.Mappings.Any(kept => kept.Method == method.Method));
            Assert.True(unknown == 0, $"seed {seed}, step {step}: a mapping that nobody knows of");
            int limit = 1 + lab.Methods.Count(method => method.Deaf && lab.Table.Has(method.Method, AutoFixture.Port));
            Assert.True(lab.Mappings <= limit || !map.IsCompletedSuccessfully, $"seed {seed}, step {step}: {lab.Mappings} mappings");
            if (random.Next(4) > 0) continue;
            await auto.DisposeAsync();
            auto = lab.Open();
        }

        foreach (FakeMethod method in lab.Methods) Behave(method);
        await lab.RunAsync(auto.MapAsync(lab.Request, ExchangeEffort.Brisk, CancellationToken.None));
        Assert.True(lab.Mappings == 1, $"seed {seed}: {lab.Mappings} mappings in the end");
        await lab.RunAsync(auto.DeleteAsync(Assert.Single(lab.Memory.Mappings), ExchangeEffort.Brief, CancellationToken.None));
        Assert.True(lab.Mappings == 0, $"seed {seed}: something is left");
        await auto.DisposeAsync();
    }

    private static void Misbehave(FakeMethod method, Random random)
    {
        Behave(method);
        switch (random.Next(7))
        {
            case 0: method.Deaf = true; break;
            case 1: method.Dumb = true; break;
            case 2: method.QueryFailure = BtmmErrorReason.PortMappingUnsupported; break;
            case 3: method.MapFailure = BtmmErrorReason.PortMappingOutOfResources; break;
            case 4: method.MapFailure = BtmmErrorReason.PortMappingNotAuthorized; break;
            case 5: method.Delay = TimeSpan.FromMilliseconds(random.Next(1000)); break;
            default: break;
        }
    }

    private static void Behave(FakeMethod method)
    {
        method.Deaf = method.Dumb = false;
        method.QueryFailure = method.MapFailure = null;
        method.Delay = TimeSpan.FromMilliseconds(1);
    }
}
