using Btmm.Core.Diagnostics;
using Btmm.Protocol.NatTraversal.Pcp;

namespace Btmm.Core.NatTraversal;

/// <summary>
/// What must outlive the process so that no mapping is lost on a gateway: the nonce of each, the mappings that have not been
/// released, by which protocol each gateway was talked to last, and where it described itself. Thread-safe.
/// </summary>
public interface IMappingMemory
{
    /// <summary>The mappings that have not been released, also those only asked for.</summary>
    IReadOnlyList<PortMapping> Mappings { get; }

    /// <summary>
    /// The nonce of a mapping: the same for as long as the mapping may exist, kept before this returns. Where only a gateway is known
    /// that may be the same, its nonce.
    /// </summary>
    /// <exception cref="BtmmException">It cannot be kept.</exception>
    PcpNonce NonceFor(GatewayIdentity gateway, PortMappingProtocol protocol, int internalPort);

    /// <summary>
    /// Notes that a mapping is about to be asked for (lifetime zero; nothing new about one that was granted) or was granted, in
    /// place of a former note about the same port, gateway and method. Notes of gateways that are not known to be the same stand
    /// side by side.
    /// </summary>
    /// <exception cref="BtmmException">It cannot be kept.</exception>
    void Note(PortMapping mapping);

    /// <summary>Forgets a mapping that was released from exactly this gateway, and its nonce.</summary>
    /// <exception cref="BtmmException">It cannot be kept.</exception>
    void Forget(PortMapping mapping);

    /// <summary>The protocol that worked on a gateway last; null when none did.</summary>
    PortMappingMethod? MethodFor(GatewayIdentity gateway);

    /// <summary>Notes the protocol that worked on a gateway. It only saves time: where it cannot be kept, it is lost without an error.</summary>
    void NoteMethod(GatewayIdentity gateway, PortMappingMethod method);

    /// <summary>Forgets which protocol worked on a gateway, because it does so no longer; as <see cref="NoteMethod"/>, without an error.</summary>
    void ForgetMethod(GatewayIdentity gateway);

    /// <summary>Where a gateway described itself by UPnP last, as it said; null when none is known. Check it before it is used.</summary>
    string? DescriptionFor(GatewayIdentity gateway);

    /// <summary>Notes where a gateway described itself by UPnP; as <see cref="NoteMethod"/>, without an error.</summary>
    void NoteDescription(GatewayIdentity gateway, string location);
}
