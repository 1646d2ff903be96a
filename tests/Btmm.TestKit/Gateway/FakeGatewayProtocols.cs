namespace Btmm.TestKit;

/// <summary>The protocols of a <see cref="FakeGateway"/>.</summary>
[Flags]
public enum FakeGatewayProtocols
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>NAT-PMP (RFC 6886).</summary>
    NatPmp = 1,

    /// <summary>PCP (RFC 6887).</summary>
    Pcp = 2,

    /// <summary>UPnP IGD: SSDP, HTTP and SOAP.</summary>
    Igd = 4,

    /// <summary>All of them.</summary>
    All = NatPmp | Pcp | Igd,
}
