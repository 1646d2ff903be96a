using Btmm.TestKit;

namespace Btmm.Interop.Tests.Nat;

/// <summary>A lab whose gateways speak UPnP IGD alone: gw-home version 2, gw-cafe version 1; one for all tests of a class.</summary>
public sealed class IgdLab : IDisposable
{
    public IgdLab()
    {
        if (Lab.Unavailable is not null) return;
        Instance = Lab.Start();
        Instance.SpeakOnly("gw-home", "igd");
        Instance.SpeakOnly("gw-cafe", "igd1");
    }

    private Lab? Instance { get; }

    /// <summary>The lab; skips the test where there is none.</summary>
    public Lab Require()
    {
        Assert.SkipWhen(Lab.Unavailable is not null, Lab.Unavailable ?? "");
        return Instance ?? throw new InvalidOperationException("the lab did not start");
    }

    public void Dispose() => Instance?.Dispose();
}
