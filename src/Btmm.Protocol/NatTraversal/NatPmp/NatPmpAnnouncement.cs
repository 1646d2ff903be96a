using System.Net;

namespace Btmm.Protocol.NatTraversal.NatPmp;

/// <summary>What a gateway multicasts when its address or its state changed (RFC 6886 §3.2.1). Immutable.</summary>
/// <param name="EpochSeconds">Seconds since the gateway's mapping table was last empty.</param>
/// <param name="ExternalAddress">The address it announces; null when it announces an error.</param>
public sealed record NatPmpAnnouncement(uint EpochSeconds, IPAddress? ExternalAddress)
{
    /// <summary>Reads an announcement; false when it is anything else. The caller checks the sender.</summary>
    public static bool TryParse(ReadOnlySpan<byte> message, out NatPmpAnnouncement announcement)
    {
        announcement = new NatPmpAnnouncement(0, null);
        if (!NatPmpResponse.TryParse(message, out NatPmpResponse response)) return false;
        if (response.Opcode != NatPmpOpcode.ExternalAddress || response.EpochSeconds is not { } epoch) return false;
        announcement = new NatPmpAnnouncement(epoch, response.ExternalAddress);
        return true;
    }
}
