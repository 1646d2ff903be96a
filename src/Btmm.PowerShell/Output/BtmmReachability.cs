namespace Btmm.PowerShell.Output;

/// <summary>Whether a host can be reached from outside its network.</summary>
public enum BtmmReachability
{
    /// <summary>It has a public IPv4 address of its own; nothing needs to be opened.</summary>
    Direct,

    /// <summary>The gateway has a public address and maps ports, or of IPv6 lets ports through.</summary>
    Mappable,

    /// <summary>The gateway is itself behind a NAT.</summary>
    DoubleNat,

    /// <summary>The gateway maps no ports, or did not answer.</summary>
    NotMappable,

    /// <summary>The host has an IPv6 address of the internet; whether the gateway lets anything through to it is not known.</summary>
    Unknown,
}
