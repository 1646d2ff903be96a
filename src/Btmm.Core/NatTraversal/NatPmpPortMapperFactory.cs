using Btmm.Core.Contracts;

namespace Btmm.Core.NatTraversal;

/// <summary>Talks NAT-PMP with every gateway. Thread-safe.</summary>
/// <param name="services">Sockets and clock.</param>
public sealed class NatPmpPortMapperFactory(PortMapperServices services) : IPortMapperFactory
{
    /// <inheritdoc/>
    public IPortMapper Open(GatewayRoute route) => new NatPmpPortMapper(route, services);
}
