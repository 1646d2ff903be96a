using System.Net.NetworkInformation;

namespace Btmm.Platform.Linux;

/// <summary>What matters of an entry of the neighbour table in an RTM_NEWNEIGH message.</summary>
internal static class NeighbourMessage
{
    /// <summary>The attribute with the neighbour's network address.</summary>
    internal const ushort AttributeDestination = 1;

    // struct ndmsg: family 0, padding 1..3, ifindex 4..7, state 8..9, flags 10, type 11
    private const int FixedLength = 12;
    private const int StateOffset = 8;
    private const ushort AttributeLinkAddress = 2;
    private const int LongestLinkAddress = 32; // MAX_ADDR_LEN

    // NUD_REACHABLE, NUD_STALE, NUD_DELAY, NUD_PROBE, NUD_PERMANENT: resolved. Links without addresses have NUD_NOARP.
    private const ushort Resolved = 0x02 | 0x04 | 0x08 | 0x10 | 0x80;

    /// <summary>The link-layer address in a message's payload; null when there is none, it is all zero, or it is not resolved (any more).</summary>
    internal static PhysicalAddress? ReadLinkAddress(ReadOnlySpan<byte> payload)
    {
        if (payload.Length < FixedLength || (NetlinkAttributes.ReadUInt16(payload[StateOffset..]) & Resolved) == 0) return null;
        if (!NetlinkAttributes.TryFind(payload, FixedLength, AttributeLinkAddress, out ReadOnlySpan<byte> address)) return null;
        bool isAddress = address.Length is > 0 and <= LongestLinkAddress && address.ContainsAnyExcept((byte)0);
        return isAddress ? new PhysicalAddress(address.ToArray()) : null;
    }
}
