namespace Btmm.Core.Tunnel;

/// <summary>A snapshot of one child SA's counters. Bytes are those of the inner packets.</summary>
/// <param name="InboundSpi">Our SPI.</param>
/// <param name="OutboundSpi">The peer's SPI.</param>
/// <param name="IsSending">Whether this is the pair over which packets to the peer go.</param>
/// <param name="PacketsIn">Packets accepted.</param>
/// <param name="BytesIn">Bytes accepted.</param>
/// <param name="PacketsOut">Packets sealed.</param>
/// <param name="BytesOut">Bytes sealed.</param>
/// <param name="Replays">Packets dropped because they were seen before or fell below the replay window.</param>
/// <param name="AuthenticationFailures">Packets dropped because their ICV was wrong.</param>
/// <param name="Rejected">Authentic packets dropped because of what was inside: bad padding, not IPv6, foreign addresses.</param>
/// <param name="SinceLastInbound">Time since the last authentic packet on this SA, dummies included; null before the first.</param>
public sealed record SaTraffic(
    uint InboundSpi,
    uint OutboundSpi,
    bool IsSending,
    long PacketsIn,
    long BytesIn,
    long PacketsOut,
    long BytesOut,
    long Replays,
    long AuthenticationFailures,
    long Rejected,
    TimeSpan? SinceLastInbound);
