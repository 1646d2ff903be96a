namespace Btmm.Core.NatTraversal.Verdicts;

/// <summary>Whether a NAT keeps one outer port for a local one, whoever is spoken to (RFC 4787 §4.1).</summary>
public enum NatMappingBehaviour
{
    /// <summary>It could not be told: there was only one server with one address, or no answer.</summary>
    Unknown,

    /// <summary>There is no NAT: the server sees the local address and port.</summary>
    NoNat,

    /// <summary>One outer port for all remote addresses: peers can be told where to send.</summary>
    EndpointIndependent,

    /// <summary>Another outer port for each remote address, at least.</summary>
    AddressDependent,

    /// <summary>Another outer port for each remote address and port.</summary>
    AddressAndPortDependent,
}
