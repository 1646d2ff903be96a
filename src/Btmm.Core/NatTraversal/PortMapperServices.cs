using Btmm.Core.Contracts;
using Btmm.Protocol;

namespace Btmm.Core.NatTraversal;

/// <summary>What port mappers need beside the route to their gateway. Immutable; the parts are thread-safe.</summary>
/// <param name="Channels">Opens UDP sockets.</param>
/// <param name="Streams">Opens TCP connections.</param>
/// <param name="Random">The random generator.</param>
/// <param name="Time">The clock.</param>
/// <param name="Memory">What outlives the process.</param>
public sealed record PortMapperServices(
    IDatagramChannelFactory Channels, IStreamDialer Streams, IRandomSource Random, TimeProvider Time, IMappingMemory Memory)
{
    /// <summary>Tells gateways with the same inner address apart; null when nobody can on this system.</summary>
    public IGatewayFinder? Gateways { get; init; }

    /// <summary>
    /// Told of what is refused, each kind once per mapper; null for nobody. Called by any thread: must be quick and throw nothing.
    /// </summary>
    public Action<RefusedAnswer>? Refused { get; init; }

    /// <summary>What is remembered of one gateway.</summary>
    internal GatewayMemory MemoryOf(GatewayRoute route) => new(Memory, Gateways, route);
}
