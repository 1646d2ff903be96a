namespace Btmm.Core.NatTraversal.Verdicts;

/// <summary>How the NATs on the way to the internet behave together (RFC 5780). Immutable.</summary>
/// <param name="Mapping">Whether the outer port stays the same.</param>
/// <param name="Filtering">Who is let in.</param>
/// <param name="PreservesPort">Whether the outer port is the local one; null when that is not known.</param>
public sealed record NatBehaviour(NatMappingBehaviour Mapping, NatFilteringBehaviour Filtering, bool? PreservesPort)
{
    /// <summary>Nothing is known.</summary>
    public static NatBehaviour Unknown { get; } = new(NatMappingBehaviour.Unknown, NatFilteringBehaviour.Unknown, null);

    /// <summary>Whether each flow gets an outer port of its own; null when that is not known.</summary>
    public bool? IsSymmetric => Mapping switch
    {
        NatMappingBehaviour.Unknown => null,
        NatMappingBehaviour.AddressDependent or NatMappingBehaviour.AddressAndPortDependent => true,
        _ => false,
    };

    /// <summary>Whether only those are let in whom this host has sent to; null when that is not known.</summary>
    public bool? IsFiltered => Filtering switch
    {
        NatFilteringBehaviour.Unknown => null,
        NatFilteringBehaviour.AddressDependent or NatFilteringBehaviour.AddressAndPortDependent => true,
        _ => false,
    };
}
