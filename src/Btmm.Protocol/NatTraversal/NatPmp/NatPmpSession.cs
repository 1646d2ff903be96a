using System.Net;

namespace Btmm.Protocol.NatTraversal.NatPmp;

/// <summary>
/// The client's side of NAT-PMP with one gateway (RFC 6886 §3.1): requests are retransmitted after 250 ms, 500 ms, 1 s ... Not
/// thread-safe.
/// </summary>
/// <remarks>
/// With nine tries the sends are at 0, 0.25, 0.75, 1.75, 3.75, 7.75, 15.75, 31.75 and 63.75 s, and the end at 127.75 s.
/// NAT-PMP has no transaction number: an answer matches by operation and internal port, and every request is idempotent, so
/// a late answer to an earlier try is as good as one to the last.
/// </remarks>
/// <param name="gateway">The gateway's IPv4 address; datagrams from elsewhere are ignored.</param>
public sealed class NatPmpSession(IPAddress gateway) : GatewaySession<NatPmpRequest, NatPmpResponse>(gateway, new NatPmpEpoch())
{
    private protected override Func<TimeSpan> Pace() => Retransmission.Doubling(NatPmpConstants.FirstRetransmission);

    private protected override bool TryWrite(NatPmpRequest request, Span<byte> destination, out int written) =>
        request.TryWrite(destination, out written);

    private protected override bool TryParse(ReadOnlySpan<byte> message, out NatPmpResponse response) =>
        NatPmpResponse.TryParse(message, out response);

    private protected override uint? EpochOf(NatPmpResponse response) => response.EpochSeconds;

    private protected override bool Answers(NatPmpRequest request, NatPmpResponse response)
    {
        // An answer to an unknown version may carry operation 0 whatever was asked (§3.5).
        if (response.Result == NatPmpResult.UnsupportedVersion) return true;
        if (response.Opcode != request.Opcode) return false;
        if (response.InternalPort is { } port && port != request.InternalPort) return false;
        if (response.Result != NatPmpResult.Success || request.Opcode == NatPmpOpcode.ExternalAddress) return true;

        // The late answer to a deletion must not pass for a mapping, nor the other way round (§3.4).
        return (response.LifetimeSeconds == 0) == (request.LifetimeSeconds == 0);
    }
}
