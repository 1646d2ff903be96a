using System.Net;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal;
using Btmm.PowerShell.Output;
using Btmm.Protocol.NatTraversal;

namespace Btmm.PowerShell.Infrastructure;

/// <summary>Asks the default gateway what it can do, and says it in one object.</summary>
internal static class GatewayProbe
{
    /// <summary>Asks once.</summary>
    /// <exception cref="BtmmException">NoGateway.</exception>
    public static async Task<BtmmGateway> RunAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        GatewayRoute route = Engine.FindGateway();
        NatPmpClient client = Engine.CreateNatPmpClient(route.Gateway, timeout);
        await using (client.ConfigureAwait(false))
        {
            try
            {
                return Describe(route, await client.GetExternalAddressAsync(cancellationToken).ConfigureAwait(false), null);
            }
            catch (BtmmException e)
            {
                return Describe(route, null, e);
            }
        }
    }

    private static BtmmGateway Describe(GatewayRoute route, GatewayAnswer? answer, BtmmException? failure)
    {
        BtmmReachability reachability = Judge(route.LocalAddress, answer);
        bool isBad = reachability is BtmmReachability.DoubleNat or BtmmReachability.NotMappable;
        return new BtmmGateway
        {
            Gateway = route.Gateway,
            InterfaceAlias = route.InterfaceName,
            InterfaceIndex = route.InterfaceIndex,
            LocalAddress = route.LocalAddress,
            ExternalAddress = answer?.ExternalAddress,
            NatPmp = answer is not null || failure is { ProtocolCode: not null },
            TableAge = answer?.StateAge,
            RoundTrip = answer?.RoundTrip,
            Reachability = reachability,
            Reason = !isBad ? null : failure?.Reason ?? BtmmErrorReason.DoubleNat,
            Remedy = !isBad ? null : failure?.Remedy ?? "The gateway is itself behind a NAT: map the port there too, or put one of the two into bridge mode.",
        };
    }

    private static BtmmReachability Judge(IPAddress local, GatewayAnswer? answer)
    {
        if (ExternalAddress.IsPublic(local)) return BtmmReachability.Direct;
        if (answer is null) return BtmmReachability.NotMappable;
        return answer.Kind == ExternalAddressKind.Public ? BtmmReachability.Mappable : BtmmReachability.DoubleNat;
    }
}
