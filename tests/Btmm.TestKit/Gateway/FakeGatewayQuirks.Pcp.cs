using System.Net;

namespace Btmm.TestKit;

/// <summary>PCP.</summary>
public sealed partial record FakeGatewayQuirks
{
    /// <summary>MAP requests that make or renew something get this result code; 0 for no quirk (8, NO_RESOURCES: tailscale issue 13687).</summary>
    public int PcpMapResult { get; init; }

    /// <summary>As <see cref="PcpMapResult"/>, for IPv6 clients alone.</summary>
    public int PcpPinholeResult { get; init; }

    /// <summary>MAP requests that renew get this result code; 0 for no quirk (8 for IPv6 pinholes: bitcoin issue 30043).</summary>
    public int PcpRenewalResult { get; init; }

    /// <summary>ANNOUNCE requests get this result code; 0 for no quirk (4, UNSUPP_OPCODE: servers that know MAP alone).</summary>
    public int PcpAnnounceResult { get; init; }

    /// <summary>ANNOUNCE requests get no answer: some servers only send them.</summary>
    public bool PcpIgnoresAnnounce { get; init; }

    /// <summary>Errors carry this lifetime in seconds; null for that of their class.</summary>
    public uint? PcpErrorLifetime { get; init; }

    /// <summary>Errors are the 24 bytes of the header alone.</summary>
    public bool PcpShortErrors { get; init; }

    /// <summary>All requests are answered by UNSUPP_VERSION in this version of the protocol; null for no quirk (1: drafts).</summary>
    public byte? PcpUnsupportedVersion { get; init; }

    /// <summary>The client address in the request counts as another one than the source: a NAT in between (ADDRESS_MISMATCH).</summary>
    public bool PcpSeesAnotherClient { get; init; }

    /// <summary>PCP tells this external address, whatever the other protocols tell (tailscale issue 810).</summary>
    public IPAddress? PcpExternalAddress { get; init; }

    /// <summary>Answers carry another nonce than the request: a forger who does not see requests.</summary>
    public bool PcpWrongNonce { get; init; }

    /// <summary>Answers are for this internal port; 0 for no quirk.</summary>
    public int PcpWrongPort { get; init; }

    /// <summary>Answers are for this protocol; 0 for no quirk.</summary>
    public byte PcpWrongProtocol { get; init; }

    /// <summary>Answers carry this opcode; null for no quirk.</summary>
    public byte? PcpWrongOpcode { get; init; }

    /// <summary>PREFER_FAILURE is an unknown option: a server need not know it (RFC 6887 §13.2).</summary>
    public bool PcpUnsupportedOptions { get; init; }

    /// <summary>PREFER_FAILURE is read and not heeded (miniupnpd 2.3.1 with a port that is taken).</summary>
    public bool PcpIgnoresPreferFailure { get; init; }

    /// <summary>A pinhole that was renewed can be deleted by nobody (miniupnpd 2.3.1).</summary>
    public bool PcpForgetsRenewedNonces { get; init; }

    /// <summary>Deletions of mappings that do not exist get this result code; 0 for no quirk (8, NO_RESOURCES: miniupnpd).</summary>
    public int PcpNothingToDeleteResult { get; init; }
}
