using System.Threading.Channels;
using Btmm.Core.Contracts;
using Btmm.Protocol.NatTraversal.NatPmp;

namespace Btmm.Core.NatTraversal.NatPmp;

/// <summary>Maps ports by NAT-PMP, and hears the gateway's announcements. Thread-safe.</summary>
public sealed class NatPmpPortMapper : IPortMapper
{
    private readonly GatewayMemory _memory;
    private readonly NatPmpClient _client;
    private readonly GatewayAnnouncementListener _listener;

    /// <summary>Makes a mapper for a gateway and begins to listen for its announcements.</summary>
    public NatPmpPortMapper(GatewayRoute route, PortMapperServices services)
    {
        ArgumentNullException.ThrowIfNull(route);
        ArgumentNullException.ThrowIfNull(services);
        _memory = services.MemoryOf(route);
        _client = new NatPmpClient(route, services.Channels, services.Time, services.Refused);
        _listener = new GatewayAnnouncementListener(route, services.Channels, _client.AnnouncesLoss);
    }

    /// <inheritdoc/>
    public int StateLossCount => _client.StateLossCount;

    /// <inheritdoc/>
    public ChannelReader<GatewayAnnouncement> Announcements => _listener.Announcements;

    /// <inheritdoc/>
    public Task<GatewayAnswer> QueryAsync(ExchangeEffort effort, CancellationToken cancellationToken) =>
        _client.GetExternalAddressAsync(cancellationToken, Tries(effort));

    /// <inheritdoc/>
    public async Task<PortMapping> MapAsync(PortMappingRequest request, ExchangeEffort effort, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        PortMapping mapping = await _client.MapAsync(request, cancellationToken, Tries(effort)).ConfigureAwait(false);
        if (!request.Rejects(mapping.ExternalPort)) return mapping;

        // NAT-PMP cannot ask for this port or none, so the other one is given back; unless it is not new, and somebody lives by it.
        if (!_memory.HadBefore(mapping)) await DeleteAsync(mapping, effort, cancellationToken).ConfigureAwait(false);
        throw PortMappingErrors.Conflict(_client.GatewayEndPoint, request.SuggestedExternalPort, mapping.ExternalPort);
    }

    /// <inheritdoc/>
    public async Task<bool> DeleteAsync(PortMapping mapping, ExchangeEffort effort, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(mapping);
        await _client.DeleteAsync(mapping.Protocol, mapping.InternalPort, cancellationToken, Tries(effort)).ConfigureAwait(false);
        return true; // It says the same whether there was one or not (RFC 6886 §3.4).
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _listener.DisposeAsync().ConfigureAwait(false);
        await _client.DisposeAsync().ConfigureAwait(false);
    }

    private static int Tries(ExchangeEffort effort) => effort.Tries(NatPmpConstants.MaxTries);
}
