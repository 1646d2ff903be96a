using Btmm.Core.Contracts;

namespace Btmm.Core.NatTraversal.Auto;

/// <summary>
/// Talks with gateways by whichever method each speaks, or by those that the user chose, and keeps what it maps in the memory of
/// the services. Thread-safe.
/// </summary>
/// <param name="services">What the methods need.</param>
/// <param name="methods">The methods to map by; none for any.</param>
public sealed class PortMapperFactory(PortMapperServices services, IReadOnlyList<PortMappingMethod> methods) : IPortMapperFactory
{
    /// <param name="services">What the methods need.</param>
    /// <param name="method">The one method to map by; null for any.</param>
    public PortMapperFactory(PortMapperServices services, PortMappingMethod? method = null)
        : this(services, method is { } one ? [one] : [])
    {
    }

    /// <inheritdoc/>
    public IPortMapper Open(GatewayRoute route)
    {
        ArgumentNullException.ThrowIfNull(route);
        return new AutoPortMapper(route, services.MemoryOf(route), services.Time, MapperLanes.Make(route, services), methods);
    }
}
