namespace Btmm.Core.NatTraversal;

/// <summary>Questions to a memory of mappings.</summary>
internal static class MappingMemoryExtensions
{
    /// <summary>
    /// Whether a mapping was there before it was granted now: to ask for a port of this host that is mapped already gives what there is,
    /// whatever external port was wanted (RFC 6886 §3.3, RFC 6887 §11.3).
    /// </summary>
    /// <param name="memory">The memory, in which the grant is not noted yet.</param>
    /// <param name="granted">What was granted.</param>
    internal static bool HadBefore(this IMappingMemory memory, PortMapping granted) => memory.Mappings.Any(known =>
        known.Method == granted.Method && known.ExternalPort == granted.ExternalPort && GatewayIdentity.IsSamePort(known, granted)
            && known.Lifetime > TimeSpan.Zero && known.ExpiresAt > granted.MappedAt);
}
