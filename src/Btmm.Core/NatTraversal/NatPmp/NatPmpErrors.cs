using System.Net;
using Btmm.Core.Diagnostics;
using Btmm.Protocol.NatTraversal;
using Btmm.Protocol.NatTraversal.NatPmp;

namespace Btmm.Core.NatTraversal.NatPmp;

/// <summary>Turns outcomes of NAT-PMP exchanges into exceptions with a reason and a remedy.</summary>
internal static class NatPmpErrors
{
    /// <summary>Throws unless the gateway answered with success.</summary>
    internal static NatPmpResponse Require(ExchangeOutcome<NatPmpResponse> outcome, IPEndPoint gateway)
    {
        if (outcome.Kind == ExchangeOutcomeKind.PortUnreachable) throw PortMappingErrors.NotListening(PortMappingMethod.NatPmp, gateway);
        if (outcome.Response is null)
        {
            bool settled = outcome.Tries >= NatPmpConstants.MaxTries;
            throw PortMappingErrors.Silent(PortMappingMethod.NatPmp, gateway, outcome.Tries, settled);
        }

        return outcome.Response.Result == NatPmpResult.Success ? outcome.Response : throw Refused(outcome.Response.Result, gateway);
    }

    private static BtmmException Refused(NatPmpResult result, IPEndPoint gateway) => result switch
    {
        NatPmpResult.NotAuthorized => PortMappingErrors.NotAuthorized(PortMappingMethod.NatPmp, gateway, (int)result),
        NatPmpResult.NetworkFailure => PortMappingErrors.NetworkFailure(gateway, (int)result),
        NatPmpResult.OutOfResources =>
            PortMappingErrors.OutOfResources(gateway, "can make no more mappings (out of resources)", (int)result),
        NatPmpResult.UnsupportedVersion or NatPmpResult.UnsupportedOpcode => PortMappingErrors.Unsupported(
            PortMappingMethod.NatPmp, gateway, $"does not speak this version of NAT-PMP (result {(int)result})", (int)result),
        _ => PortMappingErrors.Malformed(gateway, $"the unknown NAT-PMP result {(int)result}", (int)result),
    };
}
