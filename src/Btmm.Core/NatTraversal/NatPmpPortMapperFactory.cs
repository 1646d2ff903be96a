using Btmm.Core.Contracts;

namespace Btmm.Core.NatTraversal;

/// <summary>Talks NAT-PMP with every gateway. Thread-safe.</summary>
/// <param name="channels">Where sockets come from.</param>
/// <param name="time">The clock.</param>
public sealed class NatPmpPortMapperFactory(IDatagramChannelFactory channels, TimeProvider time) : IPortMapperFactory
{
    /// <inheritdoc/>
    public IPortMapper Open(GatewayRoute route) => new NatPmpPortMapper(route, channels, time);
}
