using System.Net;

namespace Btmm.Core.Contracts;

/// <summary>Finds out which routers lie on the way to an address, by packets that live for a few hops only. Thread-safe.</summary>
public interface IHopFinder
{
    /// <summary>Asks who stands a number of hops away.</summary>
    /// <param name="destination">Where the packet is sent.</param>
    /// <param name="hops">Its TTL, 1..255: 1 finds the gateway.</param>
    /// <param name="timeout">How long to wait for an answer.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Who answered; null when nobody did.</returns>
    ValueTask<HopAnswer?> ProbeAsync(IPAddress destination, int hops, TimeSpan timeout, CancellationToken cancellationToken);
}

/// <summary>Who answered to a packet of a short life. Immutable.</summary>
/// <param name="Address">The address that it answered from.</param>
/// <param name="IsDestination">Whether it is where the packet was sent, so that the way ends here.</param>
/// <param name="RoundTrip">From sending to the answer.</param>
public sealed record HopAnswer(IPAddress Address, bool IsDestination, TimeSpan RoundTrip);
