using System.Net;
using Btmm.Protocol.Esp;

namespace Btmm.Protocol.Ike.Events;

/// <summary>
/// A pair of ESP SAs has been negotiated. Inbound packets must be accepted at once. The receiver of this event owns the
/// keying material and zeroes it when done.
/// </summary>
/// <param name="Peer">The peer's identifier.</param>
/// <param name="Local">This host's identifier.</param>
/// <param name="Inbound">The SA for received packets; its SPI was chosen here.</param>
/// <param name="Outbound">The SA for sent packets.</param>
/// <param name="Endpoint">Where to send.</param>
/// <param name="ActivateOutbound">
/// Whether to send on it at once. False while an older pair still carries the traffic; then <see cref="ChildSaActivated"/> follows.
/// </param>
/// <param name="Replaces">The inbound SPI of the pair that this one replaces, if any.</param>
public sealed record ChildSaEstablished(
    IPAddress Peer,
    IPAddress Local,
    EspSaParameters Inbound,
    EspSaParameters Outbound,
    IPEndPoint Endpoint,
    bool ActivateOutbound,
    uint? Replaces) : IkeEvent(Peer);
