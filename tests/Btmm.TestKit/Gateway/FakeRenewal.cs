namespace Btmm.TestKit;

/// <summary>What a <see cref="FakeGateway"/> does when a mapping is asked for again.</summary>
public enum FakeRenewal
{
    /// <summary>The lifetime begins again.</summary>
    Extends,

    /// <summary>The mapping keeps its old end, and the answer tells what is left (miniupnp issues 131 and 199).</summary>
    KeepsTheEnd,

    /// <summary>The mapping keeps its old end, but the answer tells the lifetime that was asked for (miniupnp issue 823).</summary>
    KeepsTheEndAndLies,
}
