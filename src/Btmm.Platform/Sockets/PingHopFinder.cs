using System.Net;
using System.Net.NetworkInformation;
using Btmm.Core.Contracts;

namespace Btmm.Platform.Sockets;

/// <summary>
/// Finds hops by echo requests with a short TTL: needs no rights on Windows, where <see cref="LinuxHopFinder"/> cannot work.
/// Thread-safe, without state.
/// </summary>
public sealed class PingHopFinder : IHopFinder
{
    /// <inheritdoc/>
    public async ValueTask<HopAnswer?> ProbeAsync(IPAddress destination, int hops, TimeSpan timeout, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(destination);
        using Ping ping = new();
        long start = System.Diagnostics.Stopwatch.GetTimestamp();
        try
        {
            PingReply reply = await ping
                .SendPingAsync(destination, timeout, buffer: null, new PingOptions(hops, dontFragment: false), cancellationToken)
                .ConfigureAwait(false);
            TimeSpan roundTrip = System.Diagnostics.Stopwatch.GetElapsedTime(start);
            return reply.Status switch
            {
                IPStatus.Success => new HopAnswer(reply.Address, IsDestination: true, roundTrip),
                IPStatus.TtlExpired or IPStatus.TimeExceeded or IPStatus.DestinationUnreachable or IPStatus.DestinationNetworkUnreachable
                    or IPStatus.DestinationHostUnreachable or IPStatus.DestinationProhibited =>
                    new HopAnswer(reply.Address, reply.Address.Equals(destination), roundTrip),
                _ => null,
            };
        }
        catch (PingException)
        {
            return null; // This host itself has no way to the destination.
        }
    }
}
