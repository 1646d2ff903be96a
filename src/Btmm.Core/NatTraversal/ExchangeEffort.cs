namespace Btmm.Core.NatTraversal;

/// <summary>How long to insist on an answer.</summary>
public enum ExchangeEffort
{
    /// <summary>As long as the protocol says before the gateway counts as not speaking it (NAT-PMP: 9 tries, 128 s).</summary>
    Thorough,

    /// <summary>For a gateway that has answered before: about 8 s.</summary>
    Brisk,

    /// <summary>While the program waits to end: under 2 s.</summary>
    Brief,
}
