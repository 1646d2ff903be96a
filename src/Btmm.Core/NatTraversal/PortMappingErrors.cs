using System.Net;
using System.Net.Sockets;
using Btmm.Core.Diagnostics;

namespace Btmm.Core.NatTraversal;

/// <summary>What can go wrong with a gateway, whatever the protocol: reasons, messages and remedies in one place.</summary>
internal static class PortMappingErrors
{
    /// <summary>The network does not carry datagrams to the gateway.</summary>
    internal static BtmmException Unreachable(IPEndPoint gateway, Exception cause) => new(
        BtmmErrorReason.Unreachable,
        $"The gateway {gateway.Address} cannot be reached: {cause.Message}",
        "Check this host's network connection.",
        cause)
    { Endpoint = gateway };

    /// <summary>A mapping is on a gateway that has the address of this one, and is another.</summary>
    internal static BtmmException OtherGateway(GatewayIdentity wanted, GatewayIdentity here) => new(
        BtmmErrorReason.PortMappingElsewhere,
        $"The mapping is on the gateway {wanted.Address} of another network (link-layer address {wanted.LinkAddress}; here it is {here.LinkAddress}).",
        "Connect this host to the network of that gateway; or let the mapping end with its lifetime.");

    /// <summary>The gateway answered something that breaks the protocol.</summary>
    internal static BtmmException Malformed(IPEndPoint gateway, string what, int? code = null, TimeSpan? retryAfter = null) => new(
        BtmmErrorReason.MalformedReply,
        $"The gateway {gateway.Address} answered with {what}.",
        $"Look for new firmware for the router, or {ByHand(gateway)}.")
    { Endpoint = gateway, ProtocolCode = code, RetryAfter = retryAfter };

    /// <summary>Nobody listens on the protocol's port.</summary>
    internal static BtmmException NotListening(PortMappingMethod method, IPEndPoint gateway) =>
        Unsupported(method, gateway, $"does not speak {PortMappingNames.Of(method)}: its port {gateway.Port} is closed");

    /// <summary>The gateway left all tries unanswered.</summary>
    /// <param name="method">The protocol.</param>
    /// <param name="gateway">Whom was asked.</param>
    /// <param name="tries">How often.</param>
    /// <param name="settled">Whether that is enough to say that it does not speak the protocol.</param>
    internal static BtmmException Silent(PortMappingMethod method, IPEndPoint gateway, int tries, bool settled) => settled
        ? Unsupported(method, gateway, $"does not speak {PortMappingNames.Of(method)}: it left {tries} requests unanswered", cause: new TimeoutException())
        : new BtmmException(
            BtmmErrorReason.Timeout,
            $"The gateway {gateway.Address} left {tries} {PortMappingNames.Of(method)} requests unanswered.",
            $"Check that the router is up; if it stays silent, turn on {PortMappingNames.Of(method)} in its settings.")
        { Endpoint = gateway };

    /// <summary>
    /// The gateway does not speak the protocol, or not so that it is of use. A <see cref="TimeoutException"/> as the cause says that it
    /// is only its silence that shows it: what was asked for may have been done.
    /// </summary>
    internal static BtmmException Unsupported(
        PortMappingMethod method, IPEndPoint gateway, string what, int? code = null, Exception? cause = null) => new(
        BtmmErrorReason.PortMappingUnsupported,
        $"The gateway {gateway.Address} {what}.",
        method == PortMappingMethod.Igd
            ? $"Turn on UPnP in the router's settings, or {ByHand(gateway)}."
            : $"Turn on {PortMappingNames.Of(method)} (some routers call it UPnP) in the router's settings, or {ByHand(gateway)}.",
        cause)
    { Endpoint = gateway, ProtocolCode = code };

    /// <summary>The gateway's administrator does not allow it.</summary>
    internal static BtmmException NotAuthorized(PortMappingMethod method, IPEndPoint gateway, int code, TimeSpan? retryAfter = null) => new(
        BtmmErrorReason.PortMappingNotAuthorized,
        $"The gateway {gateway.Address} refuses to map ports (not authorized).",
        $"Allow {PortMappingNames.Of(method)} for this host in the router's settings, or {ByHand(gateway)}.")
    { Endpoint = gateway, ProtocolCode = code, RetryAfter = retryAfter };

    /// <summary>The gateway has no external address.</summary>
    internal static BtmmException NetworkFailure(IPEndPoint gateway, int code, TimeSpan? retryAfter = null) => new(
        BtmmErrorReason.PortMappingNetworkFailure,
        $"The gateway {gateway.Address} has no usable external address (network failure).",
        "Check the router's internet connection; if it works, the router is behind another NAT, where mapping is impossible.")
    { Endpoint = gateway, ProtocolCode = code, RetryAfter = retryAfter };

    /// <summary>The gateway has no room for more mappings.</summary>
    internal static BtmmException OutOfResources(IPEndPoint gateway, string what, int code, TimeSpan? retryAfter = null) => new(
        BtmmErrorReason.PortMappingOutOfResources,
        $"The gateway {gateway.Address} {what}.",
        "Remove mappings that are no longer needed in the router's settings, or restart the router.")
    { Endpoint = gateway, ProtocolCode = code, RetryAfter = retryAfter };

    /// <summary>The external port asked for is somebody else's, and no other was wanted.</summary>
    internal static BtmmException Conflict(IPEndPoint gateway, int port, int? offered = null, int? code = null, TimeSpan? retryAfter = null) => new(
        BtmmErrorReason.PortMappingConflict,
        $"The gateway {gateway.Address} gives external port {port} to somebody else{(offered is null ? "" : $"; it offered {offered}")}.",
        "Choose another external port, or let the gateway choose.")
    { Endpoint = gateway, ProtocolCode = code, RetryAfter = retryAfter };

    /// <summary>Whether it is certain that the gateway has not made the mapping: it said so, or nothing was sent.</summary>
    internal static bool MadeNothing(Exception failure) => failure switch
    {
        ArgumentException => true,
        BtmmException { InnerException: TimeoutException } => false,
        BtmmException e => e.Reason is BtmmErrorReason.PortMappingUnsupported or BtmmErrorReason.PortMappingNotAuthorized
            or BtmmErrorReason.PortMappingNetworkFailure or BtmmErrorReason.PortMappingOutOfResources
            or BtmmErrorReason.PortMappingConflict or BtmmErrorReason.DoubleNat,
        _ => false,
    };

    /// <summary>What a user can always do, in words that continue "or ...".</summary>
    private static string ByHand(IPEndPoint gateway) => gateway.AddressFamily == AddressFamily.InterNetworkV6
        ? "let the port through the router's firewall by hand"
        : "forward the port by hand";
}
