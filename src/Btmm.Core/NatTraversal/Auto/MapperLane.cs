namespace Btmm.Core.NatTraversal.Auto;

/// <summary>One of the methods that an <see cref="AutoPortMapper"/> chooses from: its mapper, opened when first needed.</summary>
/// <param name="method">The method.</param>
/// <param name="open">Opens its mapper.</param>
internal sealed class MapperLane(PortMappingMethod method, Func<IPortMapper> open)
{
    private readonly Lazy<IPortMapper> _mapper = new(open);

    internal PortMappingMethod Method => method;

    internal IPortMapper Mapper => _mapper.Value;

    /// <summary>The mapper, when it is open.</summary>
    internal IPortMapper? Opened => _mapper.IsValueCreated ? _mapper.Value : null;
}
