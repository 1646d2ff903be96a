using System.Net;
using Btmm.Core.Diagnostics;
using Btmm.Protocol.NatTraversal.NatPmp;

namespace Btmm.Core.NatTraversal;

/// <summary>Turns outcomes of NAT-PMP exchanges into exceptions with a reason and a remedy.</summary>
internal static class NatPmpErrors
{
    private const string TurnOnRemedy = "Turn on NAT-PMP (some routers call it UPnP) in the router's settings, or forward the UDP port by hand.";

    /// <summary>Throws unless the gateway answered with success.</summary>
    internal static NatPmpResponse Require(NatPmpOutcome outcome, IPEndPoint gateway)
    {
        if (outcome.Kind == NatPmpOutcomeKind.PortUnreachable) throw NotListening(gateway);
        if (outcome.Response is null) throw Silent(outcome, gateway);
        return outcome.Response.Result == NatPmpResult.Success ? outcome.Response : throw Refused(outcome.Response.Result, gateway);
    }

    internal static BtmmException Unreachable(IPEndPoint gateway, Exception cause) => new(
        BtmmErrorReason.Unreachable,
        $"The gateway {gateway.Address} cannot be reached: {cause.Message}",
        "Check this host's network connection.",
        cause)
    { Endpoint = gateway };

    internal static BtmmException Malformed(IPEndPoint gateway, string what) => new(
        BtmmErrorReason.MalformedReply,
        $"The gateway {gateway.Address} answered with {what}.",
        "Look for new firmware for the router, or forward the UDP port by hand.")
    { Endpoint = gateway };

    internal static BtmmException Conflict(PortMappingRequest request, PortMapping granted) => new(
        BtmmErrorReason.PortMappingConflict,
        $"The gateway {granted.Gateway} gives external port {request.SuggestedExternalPort} to somebody else; it offered {granted.ExternalPort}.",
        "Choose another external port, or let the gateway choose.")
    { Endpoint = new IPEndPoint(granted.Gateway, NatPmpConstants.GatewayPort) };

    private static BtmmException NotListening(IPEndPoint gateway) => new(
        BtmmErrorReason.PortMappingUnsupported,
        $"The gateway {gateway.Address} does not speak NAT-PMP: its port {gateway.Port} is closed.",
        TurnOnRemedy)
    { Endpoint = gateway };

    private static BtmmException Silent(NatPmpOutcome outcome, IPEndPoint gateway) => outcome.Tries >= NatPmpConstants.MaxTries
        ? new BtmmException(
            BtmmErrorReason.PortMappingUnsupported,
            $"The gateway {gateway.Address} does not speak NAT-PMP: it left {outcome.Tries} requests unanswered.",
            TurnOnRemedy)
        { Endpoint = gateway }
        : new BtmmException(
            BtmmErrorReason.Timeout,
            $"The gateway {gateway.Address} left {outcome.Tries} NAT-PMP requests unanswered.",
            "Check that the router is up; if it stays silent, turn on NAT-PMP in its settings.")
        { Endpoint = gateway };

    private static BtmmException Refused(NatPmpResult result, IPEndPoint gateway)
    {
        (BtmmErrorReason reason, string what, string remedy) = result switch
        {
            NatPmpResult.NotAuthorized => (
                BtmmErrorReason.PortMappingNotAuthorized,
                "refuses to map ports (not authorized)",
                "Allow NAT-PMP for this host in the router's settings, or forward the UDP port by hand."),
            NatPmpResult.NetworkFailure => (
                BtmmErrorReason.PortMappingNetworkFailure,
                "has no usable external address (network failure)",
                "Check the router's internet connection; if it works, the router is behind another NAT, where mapping is impossible."),
            NatPmpResult.OutOfResources => (
                BtmmErrorReason.PortMappingOutOfResources,
                "can make no more mappings (out of resources)",
                "Remove mappings that are no longer needed in the router's settings, or restart the router."),
            NatPmpResult.UnsupportedVersion or NatPmpResult.UnsupportedOpcode => (
                BtmmErrorReason.PortMappingUnsupported,
                $"does not speak this version of NAT-PMP (result {(int)result})",
                TurnOnRemedy),
            _ => (
                BtmmErrorReason.MalformedReply,
                $"answered with the unknown NAT-PMP result {(int)result}",
                "Look for new firmware for the router, or forward the UDP port by hand."),
        };
        return new BtmmException(reason, $"The gateway {gateway.Address} {what}.", remedy)
        {
            Endpoint = gateway,
            ProtocolCode = (int)result,
        };
    }
}
