namespace Btmm.Core.NatTraversal.Verdicts;

/// <summary>From whom a NAT or firewall lets packets in (RFC 4787 §5).</summary>
public enum NatFilteringBehaviour
{
    /// <summary>It could not be told: no server had a second address.</summary>
    Unknown,

    /// <summary>From anybody, once the local port has sent anything.</summary>
    EndpointIndependent,

    /// <summary>From addresses that the local port has sent to.</summary>
    AddressDependent,

    /// <summary>From addresses and ports that the local port has sent to.</summary>
    AddressAndPortDependent,
}
