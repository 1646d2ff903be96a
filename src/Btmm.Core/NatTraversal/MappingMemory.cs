using System.Net;
using Btmm.Protocol;
using Btmm.Protocol.NatTraversal.Pcp;

namespace Btmm.Core.NatTraversal;

/// <summary>Remembers mappings for as long as the process lives. Thread-safe.</summary>
/// <param name="random">Source of the nonces.</param>
public sealed class MappingMemory(IRandomSource random) : IMappingMemory
{
    private readonly Lock _gate = new();
    private readonly Dictionary<(IPAddress Gateway, PortMappingProtocol Protocol, int Port), PcpNonce> _nonces = [];
    private readonly Dictionary<(IPAddress Gateway, PortMappingProtocol Protocol, int Port), PortMapping> _mappings = [];
    private readonly Dictionary<IPAddress, PortMappingMethod> _methods = [];

    /// <inheritdoc/>
    public IReadOnlyList<PortMapping> Mappings
    {
        get
        {
            lock (_gate) return [.. _mappings.Values];
        }
    }

    /// <inheritdoc/>
    public PcpNonce NonceFor(IPAddress gateway, PortMappingProtocol protocol, int internalPort)
    {
        lock (_gate)
        {
            if (_nonces.TryGetValue((gateway, protocol, internalPort), out PcpNonce kept)) return kept;
            return _nonces[(gateway, protocol, internalPort)] = PcpNonce.Create(random);
        }
    }

    /// <inheritdoc/>
    public void Note(PortMapping mapping)
    {
        ArgumentNullException.ThrowIfNull(mapping);
        lock (_gate) _mappings[(mapping.Gateway, mapping.Protocol, mapping.InternalPort)] = mapping;
    }

    /// <inheritdoc/>
    public void Forget(PortMapping mapping)
    {
        ArgumentNullException.ThrowIfNull(mapping);
        lock (_gate)
        {
            _mappings.Remove((mapping.Gateway, mapping.Protocol, mapping.InternalPort));
            _nonces.Remove((mapping.Gateway, mapping.Protocol, mapping.InternalPort));
        }
    }

    /// <inheritdoc/>
    public PortMappingMethod? MethodFor(IPAddress gateway)
    {
        lock (_gate) return _methods.TryGetValue(gateway, out PortMappingMethod method) ? method : null;
    }

    /// <inheritdoc/>
    public void NoteMethod(IPAddress gateway, PortMappingMethod method)
    {
        lock (_gate) _methods[gateway] = method;
    }
}
