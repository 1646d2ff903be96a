using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;
using Btmm.Protocol.NatTraversal.Pcp;

namespace Btmm.Core.NatTraversal.Pcp;

/// <summary>
/// Maps ports by PCP, of IPv4 on a NAT, of IPv6 through a firewall, and hears the gateway's announcements and mapping updates.
/// Thread-safe.
/// </summary>
/// <remarks>
/// PCP tells the external address only with a mapping. So <see cref="QueryAsync"/> sends, while a mapping is held, the request for it
/// again: that changes nothing but its end, and tells address, port and epoch. A pinhole's address is this host's own; there the epoch
/// alone is asked for.
/// </remarks>
public sealed class PcpPortMapper : IPortMapper
{
    /// <summary>A pinhole that cannot be deleted is good enough as gone when it ends within this.</summary>
    private static readonly TimeSpan s_soon = TimeSpan.FromMinutes(10);

    private readonly GatewayMemory _memory;
    private readonly IPAddress _local;
    private readonly TimeProvider _time;
    private readonly PcpClient _client;
    private readonly GatewayAnnouncementListener _listener;
    // Between a look at what is held and the exchange that it leads to, a deletion must not come, or the query would make again what
    // was deleted.
    private readonly Turn _turn = new();
    private readonly Lock _gate = new();
    private readonly List<Held> _held = [];
    private int _changes;

    /// <summary>Makes a mapper for a gateway and begins to listen for its announcements.</summary>
    public PcpPortMapper(GatewayRoute route, PortMapperServices services)
    {
        ArgumentNullException.ThrowIfNull(route);
        ArgumentNullException.ThrowIfNull(services);
        _memory = services.MemoryOf(route);
        _local = route.LocalAddress;
        _time = services.Time;
        _client = new PcpClient(route, services.Channels, services.Random, services.Time, services.Refused) { Unasked = HearUnasked };
        _listener = new GatewayAnnouncementListener(route, services.Channels, _client.AnnouncesLoss);
    }

    /// <summary>Also counts mappings that turned out to have another port or address than before.</summary>
    public int StateLossCount => _client.StateLossCount + Volatile.Read(ref _changes);

    /// <inheritdoc/>
    public ChannelReader<GatewayAnnouncement> Announcements => _listener.Announcements;

    /// <inheritdoc/>
    public Task<GatewayAnswer> QueryAsync(ExchangeEffort effort, CancellationToken cancellationToken) =>
        _turn.RunAsync(() => QueryInTurnAsync(effort, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public Task<PortMapping> MapAsync(PortMappingRequest request, ExchangeEffort effort, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        return _turn.RunAsync(() => MapInTurnAsync(request, effort, cancellationToken), cancellationToken);
    }

    /// <inheritdoc/>
    public Task<bool> DeleteAsync(PortMapping mapping, ExchangeEffort effort, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(mapping);
        return _turn.RunAsync(
            async () =>
            {
                await DeleteInTurnAsync(mapping, effort, cancellationToken).ConfigureAwait(false);
                return true; // It says the same whether there was one or not (RFC 6887 §15).
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _turn.Close();
        await _listener.DisposeAsync().ConfigureAwait(false);
        await _client.DisposeAsync().ConfigureAwait(false);
    }

    private async Task<GatewayAnswer> QueryInTurnAsync(ExchangeEffort effort, CancellationToken cancellationToken)
    {
        Held? held = Latest();
        if (held is null || IsIPv6)
        {
            GatewayAnswer probed = await _client.ProbeAsync(cancellationToken, Tries(effort)).ConfigureAwait(false);
            return probed with { ExternalAddress = held?.Mapping.ExternalAddress };
        }

        PortMappingRequest request = held.Request with { SuggestedExternalPort = held.Mapping.ExternalPort };
        (PortMapping mapping, GatewayAnswer answer) = await _client.MapAsync(
            request, held.Nonce, held.Mapping.ExternalAddress, cancellationToken, Tries(effort)).ConfigureAwait(false);
        if (!held.IsSameAs(mapping.ExternalPort, mapping.ExternalAddress)) Interlocked.Increment(ref _changes);
        Hold(held.Request, mapping);
        return answer;
    }

    private async Task<PortMapping> MapInTurnAsync(PortMappingRequest request, ExchangeEffort effort, CancellationToken cancellationToken)
    {
        PcpNonce nonce = _memory.NonceFor(request.Protocol, request.InternalPort);
        IPAddress? suggested = SuggestedAddress(request);
        PortMappingRequest understood = request;
        PortMapping mapping;
        try
        {
            (mapping, _) = await _client.MapAsync(request, nonce, suggested, cancellationToken, Tries(effort)).ConfigureAwait(false);
        }
        catch (BtmmException e) when (e.ProtocolCode == (int)PcpResult.UnsupportedOption && request.PreferFailure)
        {
            // A server need not know PREFER_FAILURE (RFC 6887 §13.2); queries that repeat the request leave it out from now on.
            understood = request with { PreferFailure = false };
            (mapping, _) = await _client.MapAsync(understood, nonce, suggested, cancellationToken, Tries(effort)).ConfigureAwait(false);
        }

        if (!request.Rejects(mapping.ExternalPort))
        {
            Hold(understood, mapping);
            return mapping;
        }

        // Given back, unless it is not new, and somebody lives by it.
        if (!_memory.HadBefore(mapping) && !IsHeld(mapping))
            await DeleteInTurnAsync(mapping, effort, cancellationToken).ConfigureAwait(false);
        throw PortMappingErrors.Conflict(_client.GatewayEndPoint, request.SuggestedExternalPort, mapping.ExternalPort);
    }

    private async Task DeleteInTurnAsync(PortMapping mapping, ExchangeEffort effort, CancellationToken cancellationToken)
    {
        PcpNonce nonce = mapping.Nonce ?? _memory.NonceOf(mapping);
        lock (_gate) _held.RemoveAll(held => held.IsFor(mapping.Protocol, mapping.InternalPort)); // So that no query makes it again.
        try
        {
            await _client.DeleteAsync(mapping.Protocol, mapping.InternalPort, nonce, cancellationToken, Tries(effort)).ConfigureAwait(false);
        }
        catch (BtmmException e) when (IsIPv6 && e.ProtocolCode == (int)PcpResult.NotAuthorized)
        {
            // miniupnpd 2.3.1 loses a pinhole's nonce when it is renewed, and then lets nobody delete it. It can be shortened.
            PortMappingRequest shortest = new(mapping.Protocol, mapping.InternalPort, mapping.ExternalPort, TimeSpan.FromSeconds(1));
            (PortMapping left, _) = await _client.MapAsync(shortest, nonce, _local, cancellationToken, Tries(effort)).ConfigureAwait(false);
            if (left.Lifetime > s_soon) throw;
        }
    }

    /// <summary>
    /// The address that the mapping had (§11.2.1); of a pinhole, this host's own. With PREFER_FAILURE none: it is the port that matters, and
    /// an address that the gateway no longer has would make the request fail.
    /// </summary>
    private IPAddress? SuggestedAddress(PortMappingRequest request)
    {
        if (IsIPv6) return _local;
        if (request.PreferFailure) return null;
        lock (_gate)
        {
            if (_held.Find(held => held.IsFor(request.Protocol, request.InternalPort)) is { } held) return held.Mapping.ExternalAddress;
        }

        return _memory.MappingsOf(request.Protocol, request.InternalPort)
            .LastOrDefault(known => known.Method == PortMappingMethod.Pcp)?.ExternalAddress;
    }

    private bool IsIPv6 => _local.AddressFamily == AddressFamily.InterNetworkV6;

    /// <summary>The latest mapping that is held. One that has ended would be made anew by asking for it, which a query must not do.</summary>
    private Held? Latest()
    {
        lock (_gate)
        {
            _held.RemoveAll(held => held.Mapping.ExpiresAt <= _time.GetUtcNow());
            return _held.Count == 0 ? null : _held[^1];
        }
    }

    private bool IsHeld(PortMapping mapping)
    {
        lock (_gate)
        {
            return _held.Exists(held => held.IsFor(mapping.Protocol, mapping.InternalPort)
                && held.Mapping.ExternalPort == mapping.ExternalPort && held.Mapping.ExpiresAt > mapping.MappedAt);
        }
    }

    private void Hold(PortMappingRequest request, PortMapping mapping)
    {
        lock (_gate)
        {
            _held.RemoveAll(held => held.IsFor(request.Protocol, request.InternalPort));
            _held.Add(new Held(request, mapping));
        }
    }

    /// <summary>
    /// A MAP response that nobody asked for: with the nonce of a mapping that is held and something new in it, it is a mapping update
    /// (§14.2) and a reason to ask. Others are late answers or forged.
    /// </summary>
    private void HearUnasked(PcpResponse response, bool showsLoss)
    {
        if (response.Map is not { } map) return;
        bool isNews;
        lock (_gate)
        {
            isNews = _held.Exists(held => held.Nonce == map.Nonce
                && PcpClient.Number(held.Request.Protocol) == map.Protocol && held.Request.InternalPort == map.InternalPort
                && (response.Result != PcpResult.Success || !held.IsSameAs(map.ExternalPort, map.ExternalAddress)));
        }

        if (isNews) _listener.Tell(new GatewayAnnouncement(showsLoss));
    }

    private static int Tries(ExchangeEffort effort) => effort.Tries(PcpConstants.MaxTries);

    /// <summary>A mapping and the request that made it.</summary>
    private sealed record Held(PortMappingRequest Request, PortMapping Mapping)
    {
        internal PcpNonce Nonce => Mapping.Nonce.GetValueOrDefault();

        internal bool IsFor(PortMappingProtocol protocol, int internalPort) =>
            Request.Protocol == protocol && Request.InternalPort == internalPort;

        internal bool IsSameAs(int externalPort, IPAddress? externalAddress) =>
            Mapping.ExternalPort == externalPort && Equals(Mapping.ExternalAddress, externalAddress);
    }
}
