using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal;
using Btmm.TestKit;

namespace Btmm.Interop.Tests.Nat;

/// <summary>A home behind its provider's NAT, with a miniupnpd that knows it.</summary>
public sealed class CarrierNatTests
{
    [Fact]
    public async Task Keeper_HomeBehindCarrierNat_NothingOffered()
    {
        Assert.SkipWhen(Lab.Unavailable is not null, Lab.Unavailable ?? "");
        await using Lab lab = Lab.Start("cgn");
        await using LabKeeper host = new(lab, "deep", 41100);

        // miniupnpd takes nine seconds to find out; until then its port is closed.
        await host.UnavailableAsync(BtmmErrorReason.PortMappingNetworkFailure);
        Assert.Null(host.State.Endpoint);
        Assert.Equal(EndpointPhase.Unavailable, host.State.Phase);
        Assert.Contains("another NAT", host.State.Remedy, StringComparison.Ordinal);
        Assert.Empty(lab.Leases("gw-cgn-home"));
    }
}
