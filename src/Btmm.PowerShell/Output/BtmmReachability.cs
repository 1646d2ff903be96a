namespace Btmm.PowerShell.Output;

/// <summary>Whether a host can be reached from outside its network.</summary>
public enum BtmmReachability
{
    /// <summary>It has a public address of its own; nothing needs to be opened.</summary>
    Direct,

    /// <summary>The gateway has a public address and maps ports.</summary>
    Mappable,

    /// <summary>The gateway is itself behind a NAT.</summary>
    DoubleNat,

    /// <summary>The gateway maps no ports, or did not answer.</summary>
    NotMappable,
}
