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
/// PCP tells the external address only with a mapping. <see cref="QueryAsync"/> asks for the epoch alone, which shows that the gateway
/// lost its mappings; whether the address of one is still the same is found out by asking for that mapping again.
/// </remarks>
public sealed class PcpPortMapper : IPortMapper
{
    /// <summary>A pinhole that cannot be deleted is good enough as gone when it ends within this.</summary>
    private static readonly TimeSpan s_soon = TimeSpan.FromMinutes(10);

    private readonly GatewayMemory _memory;
    private readonly IPAddress _local;
    private readonly PcpClient _client;
    private readonly GatewayAnnouncementListener _listener;
    // Between a mapping's grant and the note that it is held, a deletion must not come, or what was deleted would count as held.
    private readonly Turn _turn = new();
    private readonly Lock _gate = new();
    private readonly List<PortMapping> _held = [];
    private int _changes;

    /// <summary>Makes a mapper for a gateway and begins to listen for its announcements.</summary>
    public PcpPortMapper(GatewayRoute route, PortMapperServices services)
    {
        ArgumentNullException.ThrowIfNull(route);
        ArgumentNullException.ThrowIfNull(services);
        _memory = services.MemoryOf(route);
        _local = route.LocalAddress;
        _client = new PcpClient(route, services.Channels, services.Random, services.Time, services.Refused) { Unasked = HearUnasked };
        _listener = new GatewayAnnouncementListener(route, services.Channels, _client.AnnouncesLoss);
    }

    /// <summary>Also counts mappings that turned out to have another port or address than before.</summary>
    public int StateLossCount => _client.StateLossCount + Volatile.Read(ref _changes);

    /// <inheritdoc/>
    public ChannelReader<GatewayAnnouncement> Announcements => _listener.Announcements;

    /// <inheritdoc/>
    public Task<GatewayAnswer> QueryAsync(ExchangeEffort effort, CancellationToken cancellationToken) =>
        _turn.RunAsync(() => _client.ProbeAsync(cancellationToken, Tries(effort)), cancellationToken);

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

    private async Task<PortMapping> MapInTurnAsync(PortMappingRequest request, ExchangeEffort effort, CancellationToken cancellationToken)
    {
        PcpNonce nonce = _memory.NonceFor(request.Protocol, request.InternalPort);
        IPAddress? suggested = SuggestedAddress(request);
        PortMapping mapping;
        try
        {
            (mapping, _) = await _client.MapAsync(request, nonce, suggested, cancellationToken, Tries(effort)).ConfigureAwait(false);
        }
        catch (BtmmException e) when (e.ProtocolCode == (int)PcpResult.UnsupportedOption && request.PreferFailure)
        {
            // A server need not know PREFER_FAILURE (RFC 6887 §13.2).
            PortMappingRequest understood = request with { PreferFailure = false };
            (mapping, _) = await _client.MapAsync(understood, nonce, suggested, cancellationToken, Tries(effort)).ConfigureAwait(false);
        }

        if (!request.Rejects(mapping.ExternalPort))
        {
            Hold(mapping);
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
        lock (_gate) _held.RemoveAll(held => IsFor(held, mapping.Protocol, mapping.InternalPort));
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
            if (_held.Find(held => IsFor(held, request.Protocol, request.InternalPort)) is { } held) return held.ExternalAddress;
        }

        return _memory.MappingsOf(request.Protocol, request.InternalPort)
            .LastOrDefault(known => known.Method == PortMappingMethod.Pcp)?.ExternalAddress;
    }

    private bool IsIPv6 => _local.AddressFamily == AddressFamily.InterNetworkV6;

    private bool IsHeld(PortMapping mapping)
    {
        lock (_gate)
        {
            return _held.Exists(held => IsFor(held, mapping.Protocol, mapping.InternalPort)
                && held.ExternalPort == mapping.ExternalPort && held.ExpiresAt > mapping.MappedAt);
        }
    }

    private void Hold(PortMapping mapping)
    {
        lock (_gate)
        {
            bool isOther = _held.Exists(held => IsFor(held, mapping.Protocol, mapping.InternalPort)
                && held.ExpiresAt > mapping.MappedAt && !IsSame(held, mapping.ExternalPort, mapping.ExternalAddress));
            if (isOther) _changes++;
            _held.RemoveAll(held => IsFor(held, mapping.Protocol, mapping.InternalPort) || held.ExpiresAt <= mapping.MappedAt);
            _held.Add(mapping);
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
                && PcpClient.Number(held.Protocol) == map.Protocol && held.InternalPort == map.InternalPort
                && (response.Result != PcpResult.Success || !IsSame(held, map.ExternalPort, map.ExternalAddress)));
        }

        if (isNews) _listener.Tell(new GatewayAnnouncement(showsLoss));
    }

    private static int Tries(ExchangeEffort effort) => effort.Tries(PcpConstants.MaxTries);

    private static bool IsFor(PortMapping held, PortMappingProtocol protocol, int internalPort) =>
        held.Protocol == protocol && held.InternalPort == internalPort;

    private static bool IsSame(PortMapping held, int externalPort, IPAddress? externalAddress) =>
        held.ExternalPort == externalPort && Equals(held.ExternalAddress, externalAddress);
}
