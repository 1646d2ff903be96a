using System.Buffers.Binary;

namespace Btmm.Protocol.NatTraversal.Pcp;

/// <summary>
/// What a gateway that speaks PCP multicasts when it starts (RFC 6887 §14.1). Some gateways that speak both protocols, miniupnpd
/// among them, tell of a restart in this way only. Immutable.
/// </summary>
/// <param name="EpochSeconds">Seconds since the gateway's mapping table was last empty.</param>
public readonly record struct PcpAnnouncement(uint EpochSeconds)
{
    private const int Length = 24;
    private const byte Version = 2;
    private const byte AnnounceResponse = 0x80;
    private const byte Success = 0;

    // 0 version | 1 R + opcode | 2 reserved | 3 result | 4 lifetime (4) | 8 epoch (4) | 12 reserved (12)

    /// <summary>Reads an announcement; false when it is anything else. The caller checks the sender.</summary>
    public static bool TryParse(ReadOnlySpan<byte> message, out PcpAnnouncement announcement)
    {
        announcement = default;
        if (message.Length < Length || message[0] != Version || message[1] != AnnounceResponse || message[3] != Success) return false;
        announcement = new PcpAnnouncement(BinaryPrimitives.ReadUInt32BigEndian(message[8..]));
        return true;
    }
}
