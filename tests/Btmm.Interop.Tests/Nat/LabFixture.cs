using Btmm.TestKit;

namespace Btmm.Interop.Tests.Nat;

/// <summary>One lab, with a NAT behind a NAT, for all tests of a class; none where none can be built.</summary>
public sealed class LabFixture : IDisposable
{
    public LabFixture()
    {
        if (Lab.Unavailable is null) Instance = Lab.Start("inner");
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
