namespace Btmm.TestKit;

/// <summary>The ways by which a <see cref="FakeGateway"/> can be searched.</summary>
[Flags]
public enum FakeSsdpWays
{
    /// <summary>Sent to its own address.</summary>
    Unicast = 1,

    /// <summary>Sent to 239.255.255.250.</summary>
    Multicast = 2,

    /// <summary>Either.</summary>
    Both = Unicast | Multicast,
}
