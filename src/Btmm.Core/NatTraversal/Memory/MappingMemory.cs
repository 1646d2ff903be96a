using Btmm.Core.Diagnostics;
using Btmm.Protocol;
using Btmm.Protocol.NatTraversal.Pcp;

namespace Btmm.Core.NatTraversal.Memory;

/// <summary>
/// Remembers mappings in a file that several processes of a user may share, or only for as long as the process lives. Bounded:
/// what has ended by itself and what was not used for longest is dropped. Thread-safe.
/// </summary>
public sealed class MappingMemory : IMappingMemory
{
    private readonly Lock _gate = new();
    private readonly IRandomSource _random;
    private readonly TimeProvider? _time;
    private readonly MemoryFile? _file;
    private readonly MemoryContents _contents = new();

    /// <summary>A memory that is gone with the process.</summary>
    /// <param name="random">Source of the nonces.</param>
    public MappingMemory(IRandomSource random) => _random = random;

    private MappingMemory(MemoryFile file, IRandomSource random, TimeProvider time)
    {
        _file = file;
        _random = random;
        _time = time;
    }

    /// <summary>Whether a damaged file was met: it was put aside (<c>.damaged</c>) and the memory started empty.</summary>
    public bool WasDamaged => _file?.WasDamaged ?? false;

    /// <inheritdoc/>
    /// <exception cref="BtmmException">StateDirectoryInvalid: the file cannot be read, or is of a later version.</exception>
    public IReadOnlyList<PortMapping> Mappings => Read(contents => contents.AliveMappings(Now()));

    /// <summary>Opens the memory in a file, which is made with the first thing to remember (mode 0600), as is its directory.</summary>
    /// <param name="path">The file; <c>.lock</c>, <c>.new</c> and <c>.damaged</c> are put beside it.</param>
    /// <param name="random">Source of the nonces.</param>
    /// <param name="time">The clock: mappings past their lifetime are forgotten.</param>
    /// <exception cref="BtmmException">StateDirectoryInvalid: the file cannot be read, or is of a later version.</exception>
    public static MappingMemory Open(string path, IRandomSource random, TimeProvider time)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(time);
        var file = new MemoryFile(path);
        file.Read();
        return new MappingMemory(file, random, time);
    }

    /// <inheritdoc/>
    public PcpNonce NonceFor(GatewayIdentity gateway, PortMappingProtocol protocol, int internalPort)
    {
        ArgumentNullException.ThrowIfNull(gateway);
        if (Read(contents => contents.FindNonce(gateway, protocol, internalPort)) is { } known) return known;
        PcpNonce nonce = default;
        Update(contents =>
        {
            PcpNonce? kept = contents.FindNonce(gateway, protocol, internalPort);
            nonce = kept ?? contents.GuessNonce(gateway, protocol, internalPort) ?? PcpNonce.Create(_random);
            if (kept is null) contents.AddNonce(new KeptNonce(gateway, protocol, internalPort, nonce));
            return kept is null;
        });
        return nonce;
    }

    /// <inheritdoc/>
    public void Note(PortMapping mapping)
    {
        ArgumentNullException.ThrowIfNull(mapping);
        Update(contents => contents.Note(mapping, Now()));
    }

    /// <inheritdoc/>
    public void Forget(PortMapping mapping)
    {
        ArgumentNullException.ThrowIfNull(mapping);
        Update(contents => contents.Forget(mapping));
    }

    /// <inheritdoc/>
    public PortMappingMethod? MethodFor(GatewayIdentity gateway) => Read(contents => contents.FindMethod(gateway));

    /// <inheritdoc/>
    public void NoteMethod(GatewayIdentity gateway, PortMappingMethod method) =>
        UpdateHint(gateway, contents => contents.NoteMethod(new KeptMethod(gateway, method)));

    /// <inheritdoc/>
    public void ForgetMethod(GatewayIdentity gateway) => UpdateHint(gateway, contents => contents.ForgetMethod(gateway));

    /// <inheritdoc/>
    public string? DescriptionFor(GatewayIdentity gateway) => Read(contents => contents.FindDescription(gateway));

    /// <inheritdoc/>
    public void NoteDescription(GatewayIdentity gateway, string location)
    {
        ArgumentNullException.ThrowIfNull(location);
        UpdateHint(gateway, contents => contents.NoteDescription(new KeptDescription(gateway, location)));
    }

    private DateTimeOffset? Now() => _time?.GetUtcNow();

    private T Read<T>(Func<MemoryContents, T> read)
    {
        lock (_gate) return read(_file?.Read() ?? _contents);
    }

    private void Update(Func<MemoryContents, bool> change)
    {
        lock (_gate)
        {
            if (_file is null) change(_contents);
            else _file.Update(change);
        }
    }

    /// <summary>As <see cref="Update"/>, of what only saves time: where it cannot be kept, nothing else may fail for it.</summary>
    private void UpdateHint(GatewayIdentity gateway, Func<MemoryContents, bool> change)
    {
        try
        {
            Update(change);
        }
        catch (BtmmException e)
        {
            PortMappingLog.Instance.NotRemembered(gateway.Address.ToString(), e.Message);
        }
    }
}
