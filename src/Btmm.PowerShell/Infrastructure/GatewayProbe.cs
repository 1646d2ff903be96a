using System.Net;
using System.Net.Sockets;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal;
using Btmm.Core.NatTraversal.Memory;
using Btmm.PowerShell.Output;
using Btmm.Protocol.NatTraversal;

namespace Btmm.PowerShell.Infrastructure;

/// <summary>Asks gateways in every protocol what they can do, and says it in one object each. Changes nothing on them.</summary>
internal static class GatewayProbe
{
    /// <summary>Asks all gateways at once; the answers come in the order of the routes.</summary>
    public static async Task<IReadOnlyList<BtmmGateway>> RunAsync(IReadOnlyList<GatewayRoute> routes, TimeSpan timeout, CancellationToken cancellationToken)
    {
        GatewayRoute[] defaults = [.. routes.DistinctBy(r => r.Gateway.AddressFamily)];
        return await Task.WhenAll(routes.Select(r => RunAsync(r, defaults.Contains(r), timeout, cancellationToken))).ConfigureAwait(false);
    }

    private static async Task<BtmmGateway> RunAsync(GatewayRoute route, bool isDefault, TimeSpan timeout, CancellationToken cancellationToken)
    {
        Task<ProbeAnswer>[] asked = [.. Gateways.MethodsFor(route).Select(m => AskAsync(route, m, timeout, cancellationToken))];
        ProbeAnswer[] answers = await Task.WhenAll(asked).ConfigureAwait(false);
        BtmmGatewayProtocol? Find(PortMappingMethod method) => answers.FirstOrDefault(a => a.Protocol?.Method == method)?.Protocol;
        BtmmReachability reachability = Judge(route, answers);
        bool isGood = reachability is BtmmReachability.Direct or BtmmReachability.Mappable;
        BtmmException? failure = answers.OrderByDescending(a => a.Protocol is not null).Select(a => a.Failure).FirstOrDefault(f => f is not null);
        return new BtmmGateway
        {
            Gateway = route.Gateway,
            InterfaceAlias = route.InterfaceName,
            InterfaceIndex = route.InterfaceIndex,
            LocalAddress = route.LocalAddress,
            IsDefault = isDefault,
            Pcp = Find(PortMappingMethod.Pcp),
            NatPmp = Find(PortMappingMethod.NatPmp),
            Igd = Find(PortMappingMethod.Igd),
            Reachability = reachability,
            Reason = isGood ? null : Reason(reachability, failure),
            Remedy = isGood ? null : Remedy(reachability, failure),
        };
    }

    private static async Task<ProbeAnswer> AskAsync(GatewayRoute route, PortMappingMethod method, TimeSpan timeout, CancellationToken cancellationToken)
    {
        // Nothing is mapped, so there is nothing to remember, and it works without the file that remembers.
        IPortMapper mapper = Gateways.Open(route, method, new MappingMemory(SystemRandomSource.Instance));
        await using (mapper.ConfigureAwait(false))
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(timeout);
            try
            {
                GatewayAnswer answer = await mapper.QueryAsync(Gateways.Effort(timeout), limit.Token).ConfigureAwait(false);
                var protocol = new BtmmGatewayProtocol
                {
                    Method = method,
                    ExternalAddress = answer.ExternalAddress,
                    RoundTrip = answer.RoundTrip,
                    TableAge = answer.StateAge,
                    Detail = answer.Detail,
                };
                return new ProbeAnswer(protocol, null);
            }
            catch (BtmmException e)
            {
                // A result code is an answer in this protocol; unless it says that this is not spoken.
                bool spoken = e is { ProtocolCode: not null, Reason: not BtmmErrorReason.PortMappingUnsupported };
                return new ProbeAnswer(spoken ? new BtmmGatewayProtocol { Method = method, Reason = e.Reason } : null, e);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                return new ProbeAnswer(null, null);
            }
        }
    }

    private static BtmmReachability Judge(GatewayRoute route, ProbeAnswer[] answers)
    {
        BtmmGatewayProtocol[] usable = [.. answers.Select(a => a.Protocol).OfType<BtmmGatewayProtocol>().Where(p => p.IsUsable)];
        if (route.LocalAddress.AddressFamily == AddressFamily.InterNetworkV6)
            return usable.Length > 0 ? BtmmReachability.Mappable : BtmmReachability.Unknown;
        if (ExternalAddress.IsPublic(route.LocalAddress)) return BtmmReachability.Direct;
        if (usable.Length == 0)
        {
            // PCP tells that the gateway sees another address than this host's.
            bool isBetween = answers.Any(a => a.Failure?.Reason == BtmmErrorReason.DoubleNat);
            return isBetween ? BtmmReachability.DoubleNat : BtmmReachability.NotMappable;
        }
        IPAddress? external = usable.Select(p => p.ExternalAddress).FirstOrDefault(a => a is not null);
        return external is null || ExternalAddress.IsPublic(external) ? BtmmReachability.Mappable : BtmmReachability.DoubleNat;
    }

    private static BtmmErrorReason? Reason(BtmmReachability reachability, BtmmException? failure) => reachability switch
    {
        BtmmReachability.DoubleNat => BtmmErrorReason.DoubleNat,
        BtmmReachability.NotMappable => failure?.Reason ?? BtmmErrorReason.Timeout,
        _ => failure?.Reason,
    };

    private static string Remedy(BtmmReachability reachability, BtmmException? failure) => reachability switch
    {
        // The box in between is then not beyond the gateway but before it.
        BtmmReachability.DoubleNat when failure?.Reason == BtmmErrorReason.DoubleNat => failure.Remedy,
        BtmmReachability.DoubleNat => "The gateway is itself behind a NAT: map the port there too, or put one of the two into bridge mode.",
        BtmmReachability.Unknown => "Turn on PCP in the router's settings, or let the port through its IPv6 firewall by hand.",
        _ => failure?.Remedy ?? "Turn on UPnP, NAT-PMP or PCP in the router's settings, or forward the port by hand.",
    };

    /// <summary>What one protocol brought.</summary>
    /// <param name="Protocol">What was answered; null when nothing.</param>
    /// <param name="Failure">Why there is no mapping by it; null when it answered well, or when the time was up.</param>
    private sealed record ProbeAnswer(BtmmGatewayProtocol? Protocol, BtmmException? Failure);
}
