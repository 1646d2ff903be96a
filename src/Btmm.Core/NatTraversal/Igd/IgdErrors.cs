using System.Net;
using Btmm.Core.Diagnostics;
using Btmm.Protocol.NatTraversal.Igd;

namespace Btmm.Core.NatTraversal.Igd;

/// <summary>Turns what goes wrong with a UPnP gateway into exceptions with a reason and a remedy.</summary>
internal static class IgdErrors
{
    private const string FirmwareRemedy = "Look for new firmware for the router, or forward the port by hand.";

    internal static BtmmException Unreachable(IPEndPoint gateway, string what, Exception? cause = null) => new(
        BtmmErrorReason.Unreachable,
        $"The gateway {gateway.Address} cannot be reached by UPnP on port {gateway.Port}: {what}",
        "Check that the router is up and UPnP is turned on in its settings.",
        cause)
    { Endpoint = gateway };

    internal static BtmmException TimedOut(IPEndPoint gateway, string what) => new(
        BtmmErrorReason.Timeout,
        $"The gateway {gateway.Address} did not finish {what} in time.",
        "Check that the router is up; if it stays so, restart it.")
    { Endpoint = gateway };

    internal static BtmmException Malformed(IPEndPoint gateway, string what) => new(
        BtmmErrorReason.MalformedReply, $"The gateway {gateway.Address} {what}.", FirmwareRemedy)
    { Endpoint = gateway };

    /// <summary>Nobody answered the searches.</summary>
    internal static BtmmException Silent(IPAddress gateway, int searches, ExchangeEffort effort) => PortMappingErrors.Silent(
        PortMappingMethod.Igd, new IPEndPoint(gateway, IgdConstants.SsdpPort), searches, settled: effort == ExchangeEffort.Thorough);

    /// <summary>
    /// Only somebody else answered, as a second router on the link does: the gateway itself was silent, and may just be starting.
    /// </summary>
    internal static BtmmException OnlyAnother(IPAddress gateway, string refusal, int searches, ExchangeEffort effort)
    {
        BtmmException silent = Silent(gateway, searches, effort);
        return new BtmmException(
            silent.Reason, $"{silent.Message} Yet {refusal}; nothing was fetched there.", silent.Remedy, silent.InnerException)
        { Endpoint = silent.Endpoint };
    }

    /// <summary>All that the gateway answered sent this host elsewhere, where it does not go.</summary>
    internal static BtmmException PointsElsewhere(IPAddress gateway, string refusal) => new(
        BtmmErrorReason.PortMappingUnsupported,
        $"UPnP of the gateway {gateway} is not used: {refusal}. Nothing was fetched.",
        "Find out which device sends that: it is broken, or hostile. Forward the port by hand.")
    { Endpoint = new IPEndPoint(gateway, IgdConstants.SsdpPort) };

    /// <summary>The description names nothing that could map ports.</summary>
    internal static BtmmException NoService(IPEndPoint gateway) =>
        PortMappingErrors.Unsupported(PortMappingMethod.Igd, gateway, "speaks UPnP, but offers no service that maps ports");

    /// <summary>There is no external address: the string is what the gateway said.</summary>
    internal static BtmmException NoAddress(IPEndPoint gateway, string said) => new(
        BtmmErrorReason.PortMappingNetworkFailure,
        $"The gateway {gateway.Address} has no usable external address (UPnP: {said}).",
        "Check the router's internet connection; if it works, the router is behind another NAT, where mapping is impossible.")
    { Endpoint = gateway };

    /// <summary>What the gateway's error means for whoever wants a mapping (RFC 6970 §4.3).</summary>
    internal static BtmmException Refused(IPEndPoint gateway, IgdError error) => error.Kind switch
    {
        IgdErrorKind.NotAuthorized => PortMappingErrors.NotAuthorized(PortMappingMethod.Igd, gateway, error.Code),
        IgdErrorKind.OutOfResources => PortMappingErrors.OutOfResources(gateway, $"can make no more mappings (UPnP: {error})", error.Code),
        IgdErrorKind.UnknownAction or IgdErrorKind.Wildcard or IgdErrorKind.SamePortOnly or IgdErrorKind.PermanentOnly =>
            PortMappingErrors.Unsupported(PortMappingMethod.Igd, gateway, $"does not map single ports by UPnP ({error})", error.Code),
        IgdErrorKind.Failed or IgdErrorKind.Conflict => new BtmmException(
            BtmmErrorReason.PortMappingNetworkFailure,
            $"The gateway {gateway.Address} failed to do it (UPnP: {error}).",
            "Check the router's internet connection; if it works, restart the router, or forward the port by hand.")
        { Endpoint = gateway, ProtocolCode = error.Code == 0 ? null : error.Code },
        _ => PortMappingErrors.Malformed(gateway, $"UPnP's {error} to a proper request", error.Code),
    };
}
