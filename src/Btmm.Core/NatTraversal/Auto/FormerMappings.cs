using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;

namespace Btmm.Core.NatTraversal.Auto;

/// <summary>
/// Releases what former runs mapped and did not release, on the gateways that are this host's now. What is on other gateways, though
/// they have the same address, stays in the memory until it ends by itself; what is permanent there, until this host meets that gateway
/// again. Thread-safe.
/// </summary>
/// <param name="memory">What former runs left.</param>
/// <param name="mappers">How gateways are talked to.</param>
/// <param name="gateways">Where the present gateways are looked up.</param>
internal sealed class FormerMappings(IMappingMemory memory, IPortMapperFactory mappers, IGatewayFinder gateways)
{
    /// <summary>Releases all but the mapping of one port, which this run takes over.</summary>
    /// <param name="protocol">The protocol of the port that is kept.</param>
    /// <param name="keptPort">The port that is kept on the default IPv4 gateway.</param>
    /// <param name="released">Told of each that is gone.</param>
    /// <param name="failed">Told of each that could not be released; it stays in the memory.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    internal async Task ReleaseAsync(
        PortMappingProtocol protocol, int keptPort, Action<PortMapping> released, Action<BtmmException> failed, CancellationToken cancellationToken)
    {
        bool IsKept(PortMapping mapping) => mapping.Protocol == protocol && mapping.InternalPort == keptPort
            && gateways.FindDefault() is { } route && Identify(route).MayBe(mapping.Identity);

        // One gateway may be reached through several interfaces; it is asked once, on the best way.
        List<GatewayIdentity> asked = [];
        foreach (GatewayRoute route in gateways.FindAll())
        {
            GatewayIdentity here = Identify(route);
            if (asked.Exists(here.MayBe)) continue;
            asked.Add(here);
            PortMapping[] former = [.. memory.Mappings.Where(mapping => here.MayBe(mapping.Identity) && !IsKept(mapping))];
            if (former.Length == 0) continue;
            IPortMapper mapper = mappers.Open(route);
            await using (mapper.ConfigureAwait(false))
            {
                await ReleaseOnAsync(route, mapper, former, IsKept, released, failed, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private GatewayIdentity Identify(GatewayRoute route) => new(route.Gateway, gateways.FindLinkAddress(route));

    private async Task ReleaseOnAsync(
        GatewayRoute route,
        IPortMapper mapper,
        PortMapping[] former,
        Func<PortMapping, bool> isKept,
        Action<PortMapping> released,
        Action<BtmmException> failed,
        CancellationToken cancellationToken)
    {
        HashSet<PortMappingMethod> silent = [];
        foreach (PortMapping mapping in former)
        {
            // The default route may have come to this gateway meanwhile: then the port is in use. And who is silent is asked once, not a
            // thousand times. Its first answer may have shown that it is another gateway than the mapping's.
            if (silent.Contains(mapping.Method) || isKept(mapping) || !Identify(route).MayBe(mapping.Identity)) continue;
            try
            {
                PortMapping onRoute = mapping with { Gateway = route.Gateway };
                if (await mapper.DeleteAsync(onRoute, ExchangeEffort.Brief, cancellationToken).ConfigureAwait(false)) released(mapping);
            }
            catch (BtmmException e)
            {
                if (!Identify(route).MayBe(mapping.Identity)) continue;
                failed(e);
                if (e.Reason is BtmmErrorReason.Timeout or BtmmErrorReason.Unreachable or BtmmErrorReason.PortMappingUnsupported) silent.Add(mapping.Method);
            }
        }
    }
}
