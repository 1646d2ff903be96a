using System.Net;

namespace Btmm.Protocol.NatTraversal;

/// <summary>
/// The client's side of a protocol of single requests over UDP with one gateway, without input, output or clock: one exchange at a time.
/// Not thread-safe.
/// </summary>
/// <typeparam name="TRequest">The protocol's request.</typeparam>
/// <typeparam name="TOutcome">How its exchanges end.</typeparam>
public interface IGatewaySession<TRequest, TOutcome>
{
    /// <summary>When <see cref="HandleTimeout"/> must be called; null when nothing is under way.</summary>
    TimeSpan? NextTimeout { get; }

    /// <summary>Starts an exchange; false when one is under way or <paramref name="maxTries"/> is below 1.</summary>
    /// <param name="now">The time.</param>
    /// <param name="request">What to ask.</param>
    /// <param name="maxTries">How often to send it at most.</param>
    bool TryStart(TimeSpan now, TRequest request, int maxTries);

    /// <summary>Gives the exchange up without an outcome.</summary>
    void Abandon();

    /// <summary>Writes the datagram that is due to be sent to the gateway, if any.</summary>
    bool TryTakeOutput(Span<byte> destination, out int written);

    /// <summary>Takes the exchange's outcome once it has ended.</summary>
    bool TryTakeOutcome(out TOutcome outcome);

    /// <summary>A datagram arrived. Ignored unless it is the gateway's.</summary>
    void HandleDatagram(TimeSpan now, IPEndPoint from, ReadOnlySpan<byte> message);

    /// <summary>ICMP port-unreachable came back from the gateway.</summary>
    void HandlePortUnreachable(TimeSpan now);

    /// <summary>Time has passed.</summary>
    void HandleTimeout(TimeSpan now);
}
