namespace Btmm.Core.Tunnel;

/// <summary>A snapshot of the traffic with one peer. Bytes are those of the inner packets.</summary>
/// <param name="PacketsIn">Packets accepted from the peer.</param>
/// <param name="BytesIn">Bytes accepted from the peer.</param>
/// <param name="PacketsOut">Packets sent to the peer.</param>
/// <param name="BytesOut">Bytes sent to the peer.</param>
/// <param name="SinceLastInbound">Time since the last authentic ESP packet; null before the first.</param>
/// <param name="SinceLastOutbound">Time since the last ESP packet sent; null before the first.</param>
/// <param name="Waiting">Packets that wait for a tunnel now.</param>
/// <param name="WaitingDropped">Packets that waited in vain, or for which there was no room to wait.</param>
public sealed record PeerTraffic(
    long PacketsIn,
    long BytesIn,
    long PacketsOut,
    long BytesOut,
    TimeSpan? SinceLastInbound,
    TimeSpan? SinceLastOutbound,
    int Waiting,
    long WaitingDropped);
