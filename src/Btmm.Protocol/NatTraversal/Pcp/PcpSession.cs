using System.Net;

namespace Btmm.Protocol.NatTraversal.Pcp;

/// <summary>
/// The client's side of PCP with one server (RFC 6887 §8): requests are retransmitted at <see cref="PcpPace"/>, and answers count with
/// the request's operation, protocol, port and nonce. Not thread-safe.
/// </summary>
/// <remarks>
/// §8.3 wants answers from the server's own port too. Some gateways answer from another one; the nonce, 96 random bits that only the server
/// has seen, proves more than a port does. ANNOUNCE has no nonce, and its answer changes nothing.
/// <para>A grant of another port than a request with PREFER_FAILURE asked for is a mapping update that came before the answer (§13.2).
/// Some servers read the option and pay no heed to it, miniupnpd 2.3.1 among them: when the try's time has passed and nothing better
/// came, such a grant is taken for the answer, so that the caller can give it back.</para>
/// </remarks>
/// <param name="server">The server's address; datagrams from elsewhere are ignored.</param>
/// <param name="random">For the variation of retransmissions.</param>
public sealed class PcpSession(IPAddress server, IRandomSource random) : GatewaySession<PcpRequest, PcpResponse>(server, new PcpEpoch())
{
    private PcpResponse? _unasked;

    /// <summary>
    /// Takes the latest MAP response that answers nothing under way: it may tell of a change (§14.2), be late, or be forged. The caller
    /// compares its nonce.
    /// </summary>
    /// <param name="response">The response.</param>
    public bool TryTakeUnasked(out PcpResponse? response)
    {
        response = _unasked;
        _unasked = null;
        return response is not null;
    }

    private protected override Func<TimeSpan> Pace() => new PcpPace(random).Next;

    private protected override bool TryWrite(PcpRequest request, Span<byte> destination, out int written) =>
        request.TryWrite(destination, out written);

    private protected override bool TryParse(ReadOnlySpan<byte> message, out PcpResponse response) =>
        PcpResponse.TryParse(message, out response);

    private protected override uint? EpochOf(PcpResponse response) => response.EpochSeconds;

    private protected override bool Answers(PcpRequest request, PcpResponse response)
    {
        if (response.Version != PcpConstants.Version) return true; // It has nothing that could match (§8.3).
        if (response.Opcode != request.Opcode || response.Options.ThirdParty is not null) return false;
        if (request.Map is not { } asked) return true;
        if (response.Map is not { } told) return response.Result != PcpResult.Success; // An error that is the header alone.
        if (told.Protocol != asked.Protocol || told.InternalPort != asked.InternalPort) return false;
        if (told.Nonce != asked.Nonce) return false;
        if (response.Result != PcpResult.Success) return true;

        // Not a late answer to the other kind of request. A deletion's says lifetime 0 or, while the mapping is in use, what is left of
        // it, and port 0 (§15, §15.1).
        bool ends = response.LifetimeSeconds == 0;
        return request.LifetimeSeconds == 0 ? ends || told.ExternalPort == 0 : !ends;
    }

    /// <summary>Whether an answer grants what a request with PREFER_FAILURE asked for, or nothing; any other request takes what comes.</summary>
    private protected override bool IsAsAsked(PcpRequest request, PcpResponse response)
    {
        if (!request.Options.PreferFailure || response.Result != PcpResult.Success) return true;
        if (request.Map is not { } asked || response.Map is not { } told) return true;
        bool sameAddress = PcpAddress.IsAny(asked.ExternalAddress) || asked.ExternalAddress.Equals(told.ExternalAddress);
        return told.ExternalPort == asked.ExternalPort && sameAddress;
    }

    private protected override void HearUnasked(PcpResponse response)
    {
        if (response.Map is not null) _unasked = response;
    }
}
