using System.Globalization;
using System.Net;
using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal;
using Btmm.PowerShell.Output;

namespace Btmm.PowerShell.Infrastructure;

/// <summary>Single NAT-PMP operations, as the mapping cmdlets need them.</summary>
internal static class PortMapper
{
    /// <summary>Makes or renews a mapping, and asks for the gateway's external address.</summary>
    /// <exception cref="BtmmException">No answer, an answer that says no, or a lifetime that the protocol cannot carry.</exception>
    public static async Task<NatPmpMapping> MapAsync(IPAddress gateway, PortMappingRequest request, TimeSpan timeout, CancellationToken cancellationToken)
    {
        if (request.Lifetime.TotalSeconds is < 1 or > uint.MaxValue)
            throw new BtmmException(BtmmErrorReason.InvalidValue, "A lifetime must be at least a second.", "To end a mapping, use Remove-NatPmpMapping.");
        NatPmpClient client = Engine.CreateNatPmpClient(gateway, timeout);
        await using (client.ConfigureAwait(false))
        {
            PortMapping mapping = await client.MapAsync(request, cancellationToken).ConfigureAwait(false);
            return new NatPmpMapping(mapping, await FindAddressAsync(client, cancellationToken).ConfigureAwait(false));
        }
    }

    /// <summary>Ends a mapping; one that no longer exists is no error.</summary>
    /// <exception cref="BtmmException">No answer, or an answer that says no.</exception>
    public static async Task<bool> DeleteAsync(PortMapping mapping, TimeSpan timeout, CancellationToken cancellationToken)
    {
        NatPmpClient client = Engine.CreateNatPmpClient(mapping.Gateway, timeout);
        await using (client.ConfigureAwait(false))
        {
            await client.DeleteAsync(mapping.Protocol, mapping.InternalPort, cancellationToken).ConfigureAwait(false);
            return true;
        }
    }

    /// <summary>A request in a few words.</summary>
    public static string Describe(PortMappingRequest request)
    {
        string at = request.SuggestedExternalPort == 0 ? string.Empty : string.Create(CultureInfo.InvariantCulture, $" at port {request.SuggestedExternalPort}");
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{request.Protocol.ToString().ToUpperInvariant()} {request.InternalPort}{at} for {request.Lifetime.TotalSeconds:0} s");
    }

    // The mapping is made; that the gateway has no address to tell is no failure of it.
    private static async Task<IPAddress?> FindAddressAsync(NatPmpClient client, CancellationToken cancellationToken)
    {
        try
        {
            return (await client.GetExternalAddressAsync(cancellationToken).ConfigureAwait(false)).ExternalAddress;
        }
        catch (BtmmException)
        {
            return null;
        }
    }
}
