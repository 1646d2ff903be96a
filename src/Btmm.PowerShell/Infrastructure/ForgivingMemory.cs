using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal;
using Btmm.Core.NatTraversal.Memory;
using Btmm.Protocol.NatTraversal.Pcp;

namespace Btmm.PowerShell.Infrastructure;

/// <summary>
/// The memory of an examination: this user's file, or where that cannot be used, one that is gone with the process. A full disk
/// must not look like a gateway that maps no ports, and the mapping that is tried lasts for two minutes at most. Thread-safe.
/// </summary>
/// <param name="open">Opens the file.</param>
/// <param name="tell">Is told once that the file cannot be used, on any thread.</param>
internal sealed class ForgivingMemory(Func<IMappingMemory> open, Action<string> tell) : IMappingMemory
{
    private IMappingMemory? _instead;

    /// <inheritdoc/>
    public IReadOnlyList<PortMapping> Mappings => Use(static memory => memory.Mappings);

    /// <inheritdoc/>
    public PcpNonce NonceFor(GatewayIdentity gateway, PortMappingProtocol protocol, int internalPort) =>
        Use(memory => memory.NonceFor(gateway, protocol, internalPort));

    /// <inheritdoc/>
    public void Note(PortMapping mapping) => Do(memory => memory.Note(mapping));

    /// <inheritdoc/>
    public void Forget(PortMapping mapping) => Do(memory => memory.Forget(mapping));

    /// <inheritdoc/>
    public PortMappingMethod? MethodFor(GatewayIdentity gateway) => Use(memory => memory.MethodFor(gateway));

    /// <inheritdoc/>
    public void NoteMethod(GatewayIdentity gateway, PortMappingMethod method) => Do(memory => memory.NoteMethod(gateway, method));

    /// <inheritdoc/>
    public void ForgetMethod(GatewayIdentity gateway) => Do(memory => memory.ForgetMethod(gateway));

    /// <inheritdoc/>
    public string? DescriptionFor(GatewayIdentity gateway) => Use(memory => memory.DescriptionFor(gateway));

    /// <inheritdoc/>
    public void NoteDescription(GatewayIdentity gateway, string location) => Do(memory => memory.NoteDescription(gateway, location));

    private void Do(Action<IMappingMemory> use) => Use(memory =>
    {
        use(memory);
        return true;
    });

    private T Use<T>(Func<IMappingMemory, T> use)
    {
        if (Volatile.Read(ref _instead) is { } other) return use(other);
        try
        {
            return use(open());
        }
        catch (BtmmException e) when (e.Reason == BtmmErrorReason.StateDirectoryInvalid)
        {
            var instead = new MappingMemory(SystemRandomSource.Instance);
            IMappingMemory? first = Interlocked.CompareExchange(ref _instead, instead, null);
            if (first is null) tell($"The trial mapping is not noted on disk: {e.Message}");
            return use(first ?? instead);
        }
    }
}
