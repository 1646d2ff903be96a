using System.Threading.Channels;
using Btmm.Core.Contracts;
using Btmm.Protocol;

namespace Btmm.Core.NatTraversal.Keeping;

/// <summary>What the keepers of all gateways share. Immutable.</summary>
/// <param name="Options">What to keep alive.</param>
/// <param name="Gateways">Who the gateways are.</param>
/// <param name="Mappers">How gateways are talked to.</param>
/// <param name="Memory">Which mappings were not released; null when nobody keeps a record.</param>
/// <param name="Time">The clock.</param>
/// <param name="Random">For waits.</param>
/// <param name="Checks">Tells of doubts about the mapping.</param>
internal sealed record KeeperParts(
    MappingKeeperOptions Options,
    IGatewayFinder Gateways,
    IPortMapperFactory Mappers,
    IMappingMemory? Memory,
    TimeProvider Time,
    IRandomSource Random,
    ChannelReader<bool> Checks);
