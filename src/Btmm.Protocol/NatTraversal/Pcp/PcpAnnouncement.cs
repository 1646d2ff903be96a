namespace Btmm.Protocol.NatTraversal.Pcp;

/// <summary>
/// What a gateway that speaks PCP multicasts when it lost its state, as when it starts (RFC 6887 §14.1.3). Some gateways that speak
/// NAT-PMP too, miniupnpd among them, tell of a restart in this way only. Immutable.
/// </summary>
/// <param name="EpochSeconds">Seconds since the gateway's mapping table was last empty.</param>
public readonly record struct PcpAnnouncement(uint EpochSeconds)
{
    /// <summary>Reads an announcement; false when it is anything else. The caller checks the sender.</summary>
    public static bool TryParse(ReadOnlySpan<byte> message, out PcpAnnouncement announcement)
    {
        announcement = default;
        if (!PcpResponse.TryParse(message, out PcpResponse response)) return false;
        if (response is not { Opcode: PcpOpcode.Announce, Result: PcpResult.Success, EpochSeconds: { } epoch }) return false;
        announcement = new PcpAnnouncement(epoch);
        return true;
    }
}
