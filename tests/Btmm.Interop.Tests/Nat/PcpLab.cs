using Btmm.TestKit;

namespace Btmm.Interop.Tests.Nat;

/// <summary>A lab with an IPv6 network behind a firewall; its gateway, like gw-home, speaks PCP alone.</summary>
public sealed class PcpLab : IDisposable
{
    public PcpLab()
    {
        if (Lab.Unavailable is not null) return;
        Instance = Lab.Start("six");
        foreach (string gateway in new[] { "gw-six", "gw-home" }) Instance.Run("upnp", gateway, "only", "pcp");
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
