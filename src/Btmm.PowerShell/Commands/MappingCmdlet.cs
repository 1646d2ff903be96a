using System.Globalization;
using System.Management.Automation;
using System.Net;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal;
using Btmm.PowerShell.Infrastructure;
using Btmm.PowerShell.Output;
using Btmm.Protocol.NatTraversal;

namespace Btmm.PowerShell.Commands;

/// <summary>The base of the cmdlets that talk to gateways about mappings.</summary>
public abstract class MappingCmdlet : BtmmCmdlet
{
    private const string Activity = "Waiting for the gateway";

    private readonly MapperSet _mappers = new();
    private readonly GatewayFailures _failures = new();
    private readonly Dictionary<(IPAddress Gateway, PortMappingMethod Method), IPAddress?> _externalAddresses = [];

    /// <summary>How long to wait for the gateway.</summary>
    [Parameter]
    [Duration(IsWait = true)]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(8);

    /// <summary>Makes or renews a mapping, and holds it in the session.</summary>
    /// <exception cref="BtmmException">No answer, or an answer that says no.</exception>
    private protected NatPmpMapping Map(GatewayRoute route, PortMappingMethod? method, PortMappingRequest request)
    {
        IPortMapper mapper = _mappers.Get(route, method);
        ExchangeEffort effort = Gateways.Effort(Timeout);
        PortMapping made = _failures.Ask(
            route.Gateway, method, () => AwaitWithin(Timeout, token => mapper.MapAsync(request, effort, token), Activity));

        // Held at once: Ctrl-C may end the wait for the address.
        var held = new NatPmpMapping(made, made.ExternalAddress);
        Session.Hold(held);
        var mapping = new NatPmpMapping(made, made.ExternalAddress ?? FindExternalAddress(route, made.Method));
        Session.Hold(mapping);
        WriteVerbose(string.Create(
            CultureInfo.InvariantCulture, $"{route.Gateway} granted {mapping} by {PortMappingNames.Of(mapping.Method)} for {mapping.Lifetime.TotalSeconds:0} s."));
        return mapping;
    }

    /// <summary>Ends a mapping; one that no longer exists is no error.</summary>
    /// <exception cref="BtmmException">No answer, or an answer that says no.</exception>
    private protected void Unmap(NatPmpMapping mapping)
    {
        IPortMapper mapper = _mappers.Get(Gateways.RouteTo(mapping.Gateway), mapping.Method);
        Task<bool> DeleteAsync(CancellationToken token) => mapper.DeleteAsync(mapping.Mapping, Gateways.Effort(Timeout), token);
        _failures.Ask(mapping.Gateway, mapping.Method, () => AwaitWithin(Timeout, DeleteAsync, Activity));
        Session.Release(mapping);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (disposing) _mappers.Dispose();
    }

    // The mapping is made; that the gateway has no address to tell is no failure of it. It is asked once, not for each port.
    private IPAddress? FindExternalAddress(GatewayRoute route, PortMappingMethod method)
    {
        if (_externalAddresses.TryGetValue((route.Gateway, method), out IPAddress? known)) return known;
        _externalAddresses[(route.Gateway, method)] = null;
        try
        {
            IPortMapper mapper = _mappers.Get(route, method);
            GatewayAnswer answer = AwaitWithin(Timeout, token => mapper.QueryAsync(ExchangeEffort.Brief, token), Activity);

            // 0.0.0.0 is how a gateway says that it has none.
            if (answer.ExternalAddress is { } told && ExternalAddress.Classify(told) != ExternalAddressKind.Unspecified)
                _externalAddresses[(route.Gateway, method)] = told;
            return _externalAddresses[(route.Gateway, method)];
        }
        catch (BtmmException e)
        {
            WriteVerbose($"{route.Gateway} does not tell its external address: {e.Message}");
            return null;
        }
    }
}
