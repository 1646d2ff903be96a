using System.Net;
using Btmm.Core.Diagnostics;
using Btmm.Protocol.NatTraversal;
using Btmm.Protocol.NatTraversal.Pcp;

namespace Btmm.Core.NatTraversal.Pcp;

/// <summary>Turns outcomes of PCP exchanges into exceptions with a reason, a remedy and how long it will stay so.</summary>
internal static class PcpErrors
{
    /// <summary>Throws unless the server answered with success.</summary>
    internal static PcpResponse Require(ExchangeOutcome<PcpResponse> outcome, PcpRequest request, IPEndPoint gateway)
    {
        PcpResponse response = RequireAnswer(outcome, gateway);
        return response.Result == PcpResult.Success ? response : throw Refused(response, request, gateway);
    }

    /// <summary>Throws unless the server answered in this version of PCP, be it an error.</summary>
    internal static PcpResponse RequireAnswer(ExchangeOutcome<PcpResponse> outcome, IPEndPoint gateway)
    {
        if (outcome.Kind == ExchangeOutcomeKind.PortUnreachable) throw PortMappingErrors.NotListening(PortMappingMethod.Pcp, gateway);
        if (outcome.Response is not { } response)
            throw PortMappingErrors.Silent(PortMappingMethod.Pcp, gateway, outcome.Tries, outcome.Tries >= PcpConstants.MaxTries);
        if (response.Version == PcpConstants.NatPmpVersion) throw SpeaksNatPmp(gateway);
        return response.Result == PcpResult.UnsupportedVersion ? throw OtherVersion(response, gateway) : response;
    }

    internal static BtmmException Refused(PcpResponse response, PcpRequest request, IPEndPoint gateway)
    {
        TimeSpan wait = PcpResults.RetryAfter(response.Result, response.LifetimeSeconds);
        int code = (int)response.Result;
        string what = PcpResults.MeaningOf(response.Result);
        return response.Result switch
        {
            PcpResult.NotAuthorized when request.Map is not null => NotAuthorized(gateway, wait, response.LifetimeSeconds),
            PcpResult.NotAuthorized => PortMappingErrors.NotAuthorized(PortMappingMethod.Pcp, gateway, code, wait),
            PcpResult.NetworkFailure => PortMappingErrors.NetworkFailure(gateway, code, wait),
            PcpResult.NoResources or PcpResult.UserExceededQuota or PcpResult.ExcessiveRemotePeers =>
                PortMappingErrors.OutOfResources(gateway, what, code, wait),
            PcpResult.CannotProvideExternal =>
                PortMappingErrors.Conflict(gateway, request.Map?.ExternalPort ?? 0, code: code, retryAfter: wait),
            PcpResult.AddressMismatch => AddressMismatch(gateway, request.ClientAddress, wait),
            PcpResult.MalformedRequest or PcpResult.UnsupportedOpcode or PcpResult.UnsupportedOption or PcpResult.MalformedOption
                or PcpResult.UnsupportedProtocol => Useless(gateway, what, code, wait),
            _ => PortMappingErrors.Malformed(gateway, $"the unknown PCP result {code}", code, wait),
        };
    }

    /// <summary>The gateway speaks the older protocol: the caller can go on with that at once.</summary>
    private static BtmmException SpeaksNatPmp(IPEndPoint gateway) => new(
        BtmmErrorReason.PortMappingUnsupported,
        $"The gateway {gateway.Address} does not speak PCP: it answered in NAT-PMP, the older protocol.",
        "Use NAT-PMP with this router, or let the protocol be chosen.")
    {
        Endpoint = gateway,
        ProtocolCode = (int)PcpResult.UnsupportedVersion,
        SpokenInstead = PortMappingMethod.NatPmp,
    };

    private static BtmmException OtherVersion(PcpResponse? response, IPEndPoint gateway) => new(
        BtmmErrorReason.PortMappingUnsupported,
        $"The gateway {gateway.Address} does not speak version {PcpConstants.Version} of PCP (it answered in version {response?.Version}).",
        "Use another protocol with this router, or let the protocol be chosen.")
    {
        Endpoint = gateway,
        ProtocolCode = (int)PcpResult.UnsupportedVersion,
        RetryAfter = PcpResults.RetryAfter(PcpResult.UnsupportedVersion, response?.LifetimeSeconds ?? 0),
    };

    /// <summary>RFC 6887 §11.3: also the answer to a request for a mapping that has another nonce; then the lifetime is what is left of it.</summary>
    private static BtmmException NotAuthorized(IPEndPoint gateway, TimeSpan wait, uint lifetimeSeconds)
    {
        TimeSpan told = TimeSpan.FromSeconds(lifetimeSeconds);
        bool isCredible = told > TimeSpan.Zero && told <= PcpConstants.MaxLifetime;
        string until = isCredible ? $" ({told.TotalMinutes:0.#} minutes by the router's word)" : "";
        return new BtmmException(
            BtmmErrorReason.PortMappingNotAuthorized,
            $"The gateway {gateway.Address} refuses to map the port (not authorized): its settings forbid it, or the port still has a mapping "
                + "that another program made, or this one before it lost its memory.",
            $"Allow PCP for this host in the router's settings; if it is allowed, wait for the old mapping to end{until}, or use another port.")
        { Endpoint = gateway, ProtocolCode = (int)PcpResult.NotAuthorized, RetryAfter = wait };
    }

    private static BtmmException AddressMismatch(IPEndPoint gateway, IPAddress client, TimeSpan wait) => new(
        BtmmErrorReason.DoubleNat,
        $"Between this host ({client}) and the gateway {gateway.Address} stands another box that translates addresses: "
            + "the gateway sees the request come from another address (address mismatch).",
        "Put the box in between into bridge mode, or connect this host to the gateway's own network.")
    { Endpoint = gateway, ProtocolCode = (int)PcpResult.AddressMismatch, RetryAfter = wait };

    private static BtmmException Useless(IPEndPoint gateway, string what, int code, TimeSpan wait) => new(
        BtmmErrorReason.PortMappingUnsupported,
        $"The gateway {gateway.Address} {what} (PCP result {code}).",
        "Look for new firmware for the router, or use another protocol.")
    { Endpoint = gateway, ProtocolCode = code, RetryAfter = wait };
}
