using System.Net;
using Btmm.Core.Contracts;
using Btmm.Core.NatTraversal;

namespace Btmm.PowerShell.Infrastructure;

/// <summary>The mappers of one cmdlet, one for each gateway and protocol, so that a range of ports asks once who speaks what. Not thread-safe.</summary>
internal sealed class MapperSet : IDisposable
{
    private static readonly TimeSpan s_closeLimit = TimeSpan.FromSeconds(1);

    private readonly Dictionary<(IPAddress Gateway, PortMappingMethod? Method), IPortMapper> _mappers = [];

    /// <summary>The mapper for a gateway.</summary>
    /// <param name="route">The way to the gateway.</param>
    /// <param name="method">The protocol; null for the best one.</param>
    public IPortMapper Get(GatewayRoute route, PortMappingMethod? method)
    {
        if (_mappers.TryGetValue((route.Gateway, method), out IPortMapper? known)) return known;
        return _mappers[(route.Gateway, method)] = Gateways.Open(route, method);
    }

    /// <summary>Closes the mappers, within a limit; the mappings stay.</summary>
    public void Dispose()
    {
        Task closing = Task.WhenAll(_mappers.Values.Select(mapper => Task.Run(async () => await mapper.DisposeAsync().ConfigureAwait(false))));
        ((IAsyncResult)closing).AsyncWaitHandle.WaitOne(s_closeLimit);
        _mappers.Clear();
    }
}
