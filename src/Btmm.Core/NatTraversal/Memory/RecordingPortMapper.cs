using System.Net;
using System.Threading.Channels;
using Btmm.Core.Diagnostics;

namespace Btmm.Core.NatTraversal.Memory;

/// <summary>
/// Keeps what a mapper of one method does in the memory: a mapping is noted before it is asked for and when it is granted, and
/// forgotten when it is released, so that no crash leaves one that nobody knows of. Thread-safe.
/// </summary>
/// <remarks>
/// By NAT-PMP and PCP a host's port has one mapping, whatever external port is asked for. An IGD would make a second one, and the
/// first would be forgotten: so it goes before another port is asked for.
/// </remarks>
internal sealed class RecordingPortMapper : IPortMapper
{
    private readonly IPortMapper _inner;
    private readonly PortMappingMethod _method;
    private readonly IPAddress _gateway;
    private readonly IMappingMemory _memory;
    private readonly TimeProvider _time;
    private readonly HashSet<(PortMappingProtocol Protocol, int Port)> _made = [];

    internal RecordingPortMapper(IPortMapper inner, PortMappingMethod method, IPAddress gateway, IMappingMemory memory, TimeProvider time)
    {
        _inner = inner;
        _method = method;
        _gateway = gateway;
        _memory = memory;
        _time = time;
    }

    /// <inheritdoc/>
    public int StateLossCount => _inner.StateLossCount;

    /// <inheritdoc/>
    public ChannelReader<GatewayAnnouncement> Announcements => _inner.Announcements;

    /// <inheritdoc/>
    public Task<GatewayAnswer> QueryAsync(ExchangeEffort effort, CancellationToken cancellationToken) =>
        _inner.QueryAsync(effort, cancellationToken);

    /// <inheritdoc/>
    public async Task<PortMapping> MapAsync(PortMappingRequest request, ExchangeEffort effort, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        PortMapping asked = new(
            _method, _gateway, request.Protocol, request.InternalPort, request.SuggestedExternalPort, TimeSpan.Zero, _time.GetUtcNow());
        if (_method == PortMappingMethod.Igd && Find(asked) is { } old)
            request = await MakeWayAsync(old, request, effort, cancellationToken).ConfigureAwait(false);
        PortMapping? former = Find(asked);

        // What is known already needs no new note; so a disk that became full or read-only ends no mapping.
        if (former is null && !HasMade(asked)) _memory.Note(asked);
        try
        {
            PortMapping granted = await _inner.MapAsync(request, effort, cancellationToken).ConfigureAwait(false);
            NoteGranted(granted);
            return granted;
        }
        catch (Exception e) when (former is null && PortMappingErrors.MadeNothing(e))
        {
            // Unless another process of this user was luckier with the same port meanwhile.
            if (Find(asked)?.Lifetime == TimeSpan.Zero) _memory.Forget(asked);
            throw;
        }
    }

    /// <inheritdoc/>
    public async Task DeleteAsync(PortMapping mapping, ExchangeEffort effort, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(mapping);
        await _inner.DeleteAsync(mapping, effort, cancellationToken).ConfigureAwait(false);
        lock (_made) _made.Remove((mapping.Protocol, mapping.InternalPort));
        _memory.Forget(mapping);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _inner.DisposeAsync();

    private PortMapping? Find(PortMapping asked) =>
        _memory.Mappings.LastOrDefault(known => known.Method == _method && GatewayIdentity.IsSamePort(known, asked));

    /// <summary>Before an IGD is asked again: what it has of the port must not become a second mapping.</summary>
    private async Task<PortMappingRequest> MakeWayAsync(
        PortMapping former, PortMappingRequest request, ExchangeEffort effort, CancellationToken cancellationToken)
    {
        if (former.Lifetime == TimeSpan.Zero)
        {
            // The answer was lost, and the gateway may have chosen another port than the one asked for.
            await TryDeleteAsync(former, effort, cancellationToken).ConfigureAwait(false);
            return request;
        }

        if (former.ExternalPort == 0 || former.ExternalPort == request.SuggestedExternalPort) return request;
        if (request.SuggestedExternalPort == 0) return request with { SuggestedExternalPort = former.ExternalPort };
        await DeleteAsync(former, effort, cancellationToken).ConfigureAwait(false);
        return request;
    }

    private async Task TryDeleteAsync(PortMapping mapping, ExchangeEffort effort, CancellationToken cancellationToken)
    {
        try
        {
            await _inner.DeleteAsync(mapping, effort, cancellationToken).ConfigureAwait(false);
        }
        catch (BtmmException)
        {
            return; // The note of it stays; the mapping that is made now replaces the one on the port that was asked for.
        }
    }

    private bool HasMade(PortMapping asked)
    {
        lock (_made) return _made.Contains((asked.Protocol, asked.InternalPort));
    }

    /// <summary>The gateway has granted it, and a note that it may exist is there: that it cannot be made more exact is no reason to lose it.</summary>
    private void NoteGranted(PortMapping granted)
    {
        lock (_made) _made.Add((granted.Protocol, granted.InternalPort));
        try
        {
            _memory.Note(granted);
        }
        catch (BtmmException e)
        {
            PortMappingLog.Instance.NotRemembered(_gateway.ToString(), e.Message);
        }
    }
}
