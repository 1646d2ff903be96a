using System.Threading.Channels;
using Btmm.Core.Diagnostics;

namespace Btmm.Core.NatTraversal.Memory;

/// <summary>
/// Keeps what a mapper of one method does in the memory: a mapping is noted before it is asked for and when it is granted, and
/// forgotten when it is released, so that no crash leaves one that nobody knows of. Thread-safe.
/// </summary>
/// <remarks>
/// <para>Notes tell which gateway they are about, and nothing of another gateway with the same address is deleted here. Where it is
/// not known for certain that this is the gateway of a permanent mapping, only its deletion ends the note, not that there is none.</para>
/// <para>By NAT-PMP and PCP a host's port has one mapping, whatever external port is asked for. An IGD would make a second one, and the
/// first would be forgotten: so it goes before another port is asked for.</para>
/// </remarks>
internal sealed class RecordingPortMapper : IPortMapper
{
    private readonly IPortMapper _inner;
    private readonly PortMappingMethod _method;
    private readonly GatewayMemory _memory;
    private readonly TimeProvider _time;
    private readonly HashSet<(PortMappingProtocol Protocol, int Port)> _made = [];

    internal RecordingPortMapper(IPortMapper inner, PortMappingMethod method, GatewayMemory memory, TimeProvider time)
    {
        _inner = inner;
        _method = method;
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
        GatewayIdentity here = _memory.Gateway; // One for the whole operation, so that the grant takes the place of the question.
        PortMapping asked = new(
            _method, here.Address, request.Protocol, request.InternalPort, request.SuggestedExternalPort, TimeSpan.Zero, _time.GetUtcNow())
        { GatewayLinkAddress = here.LinkAddress };
        if (_method == PortMappingMethod.Igd && Find(asked) is { } old)
            request = await MakeWayAsync(old, request, effort, cancellationToken).ConfigureAwait(false);
        bool isNew = FindNoted(asked) is null;

        // What is known already needs no new note; so a disk that became full or read-only ends no mapping.
        if (isNew && !HasMade(asked)) _memory.Note(asked);
        try
        {
            PortMapping granted = await _inner.MapAsync(request, effort, cancellationToken).ConfigureAwait(false) with
            {
                GatewayLinkAddress = here.LinkAddress,
            };
            NoteGranted(granted);
            return granted;
        }
        catch (Exception e) when (isNew && PortMappingErrors.MadeNothing(e))
        {
            // Unless another process of this user was luckier with the same port meanwhile.
            if (FindNoted(asked)?.Lifetime == TimeSpan.Zero) _memory.Forget(asked);
            throw;
        }
    }

    /// <inheritdoc/>
    public async Task<bool> DeleteAsync(PortMapping mapping, ExchangeEffort effort, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(mapping);
        GatewayIdentity here = await MeetAsync(mapping.Identity, effort, cancellationToken).ConfigureAwait(false);
        if (!here.MayBe(mapping.Identity)) throw PortMappingErrors.OtherGateway(mapping.Identity, here);
        bool wasThere = await _inner.DeleteAsync(mapping, effort, cancellationToken).ConfigureAwait(false);
        lock (_made) _made.Remove((mapping.Protocol, mapping.InternalPort));
        if (wasThere || !mapping.IsPermanent || here.IsProvenToBe(mapping.Identity)) _memory.Forget(mapping);
        return wasThere;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _inner.DisposeAsync();

    /// <summary>Who the gateway is. When that matters and is not known, as before the first packet to it, it is asked something first.</summary>
    private async Task<GatewayIdentity> MeetAsync(GatewayIdentity expected, ExchangeEffort effort, CancellationToken cancellationToken)
    {
        GatewayIdentity here = _memory.Gateway;
        if (expected.LinkAddress is null || here.LinkAddress is not null) return here;
        try
        {
            await _inner.QueryAsync(effort, cancellationToken).ConfigureAwait(false);
        }
        catch (BtmmException)
        {
            return _memory.Gateway; // A refusal shows as well who it came from; and who is silent will be so again.
        }

        return _memory.Gateway;
    }

    /// <summary>What is known of the port on this gateway, or on one that may be it.</summary>
    private PortMapping? Find(PortMapping asked) =>
        _memory.MappingsOf(asked.Protocol, asked.InternalPort).LastOrDefault(known => known.Method == _method);

    /// <summary>What a note of the port would take the place of.</summary>
    private PortMapping? FindNoted(PortMapping asked) =>
        _memory.Mappings.LastOrDefault(known => known.Method == _method && known.IsSamePortAs(asked));

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
            PortMappingLog.Instance.NotRemembered(granted.Gateway.ToString(), e.Message);
        }
    }
}
