using Btmm.Core.Contracts;
using Btmm.Protocol.NatTraversal.Pcp;

namespace Btmm.Core.NatTraversal;

/// <summary>
/// What a memory of mappings knows of one gateway. Who that is, is looked up with each question, since before the first answer the
/// system cannot tell, and another network may have taken the place of this one unseen. Thread-safe.
/// </summary>
/// <param name="memory">The memory of all gateways.</param>
/// <param name="gateways">Knows link-layer addresses; null when nobody does.</param>
/// <param name="route">The way to the gateway.</param>
internal sealed class GatewayMemory(IMappingMemory memory, IGatewayFinder? gateways, GatewayRoute route)
{
    /// <summary>The gateway, as far as it is known at this moment.</summary>
    internal GatewayIdentity Gateway => new(route.Gateway, gateways?.FindLinkAddress(route));

    /// <summary>The mappings that may be on this gateway and were not released; those that are for certain come last.</summary>
    internal IReadOnlyList<PortMapping> Mappings
    {
        get
        {
            GatewayIdentity here = Gateway;
            return [.. memory.Mappings.Where(mapping => mapping.Identity.MayBe(here)).OrderBy(mapping => mapping.Identity.IsProvenToBe(here))];
        }
    }

    /// <summary>The protocol that worked on this gateway last; null when none did.</summary>
    internal PortMappingMethod? Method => memory.MethodFor(Gateway);

    /// <summary>Where this gateway described itself by UPnP last; null when none is known.</summary>
    internal string? Description => memory.DescriptionFor(Gateway);

    /// <summary>Of <see cref="Mappings"/>, those of one port.</summary>
    internal IReadOnlyList<PortMapping> MappingsOf(PortMappingProtocol protocol, int internalPort) =>
        [.. Mappings.Where(mapping => mapping.Protocol == protocol && mapping.InternalPort == internalPort)];

    /// <summary>
    /// Whether a mapping was there before it was granted now: to ask for a port of this host that is mapped already gives what there is,
    /// whatever external port was wanted (RFC 6886 §3.3, RFC 6887 §11.3).
    /// </summary>
    /// <param name="granted">What was granted, and is not noted yet.</param>
    internal bool HadBefore(PortMapping granted) => MappingsOf(granted.Protocol, granted.InternalPort).Any(known =>
        known.Method == granted.Method && known.ExternalPort == granted.ExternalPort
            && known.Lifetime > TimeSpan.Zero && known.ExpiresAt > granted.MappedAt);

    /// <inheritdoc cref="IMappingMemory.NonceFor"/>
    internal PcpNonce NonceFor(PortMappingProtocol protocol, int internalPort) => memory.NonceFor(Gateway, protocol, internalPort);

    /// <summary>The nonce of a mapping that was only asked for, on whichever gateway it is.</summary>
    internal PcpNonce NonceOf(PortMapping mapping) => memory.NonceFor(mapping.Identity, mapping.Protocol, mapping.InternalPort);

    /// <inheritdoc cref="IMappingMemory.Note"/>
    internal void Note(PortMapping mapping) => memory.Note(mapping);

    /// <inheritdoc cref="IMappingMemory.Forget"/>
    internal void Forget(PortMapping mapping) => memory.Forget(mapping);

    /// <summary>Notes the protocol that worked.</summary>
    internal void NoteMethod(PortMappingMethod method) => memory.NoteMethod(Gateway, method);

    /// <summary>Forgets a protocol that works no longer.</summary>
    internal void ForgetMethod(PortMappingMethod method)
    {
        GatewayIdentity here = Gateway;
        if (memory.MethodFor(here) == method) memory.ForgetMethod(here);
    }

    /// <inheritdoc cref="IMappingMemory.NoteDescription"/>
    internal void NoteDescription(string location) => memory.NoteDescription(Gateway, location);
}
