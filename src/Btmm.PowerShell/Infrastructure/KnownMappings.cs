using System.Net;
using Btmm.Core.NatTraversal;
using Btmm.PowerShell.Output;
using Btmm.PowerShell.Session;

namespace Btmm.PowerShell.Infrastructure;

/// <summary>The mappings that this user's sessions have made and not given back.</summary>
internal static class KnownMappings
{
    /// <summary>Those of this session, then those of others.</summary>
    public static IEnumerable<NatPmpMapping> All(BtmmSession session)
    {
        IReadOnlyList<NatPmpMapping> held = session.Mappings;
        return held.Concat(Gateways.Memory.Mappings.Select(m => new NatPmpMapping(m)).Where(m => !held.Any(m.IsSamePort)));
    }

    /// <summary>Whether a mapping is at one of these gateways; at any when none is named.</summary>
    public static bool IsAt(NatPmpMapping mapping, IPAddress[]? gateways) =>
        gateways is null || gateways.Any(g => mapping.Mapping.Identity.MayBe(new GatewayIdentity(g)));

    /// <summary>Whether a mapping was made by one of the protocols that a parameter -Method names; by any when that is Auto.</summary>
    public static bool IsBy(NatPmpMapping mapping, string[] names)
    {
        IReadOnlyList<PortMappingMethod> methods = PortRequest.MethodsOf(names);
        return methods.Count == 0 || methods.Contains(mapping.Method);
    }
}
