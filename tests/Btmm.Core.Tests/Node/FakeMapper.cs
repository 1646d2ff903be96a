using System.Collections.Concurrent;
using System.Net;
using System.Threading.Channels;
using Btmm.Core.Contracts;
using Btmm.Core.NatTraversal;

namespace Btmm.Core.Tests.Node;

/// <summary>A gateway that maps every port, and remembers what it was told.</summary>
internal sealed class FakeMapper : IPortMapperFactory, IPortMapper
{
    private readonly Channel<GatewayAnnouncement> _announcements = Channel.CreateUnbounded<GatewayAnnouncement>();
    private IPAddress _gateway = IPAddress.None;

    internal volatile IPAddress External = IPAddress.Parse("203.0.113.10");

    internal ConcurrentDictionary<int, int> Mappings { get; } = new();

    public int StateLossCount => 0;

    public ChannelReader<GatewayAnnouncement> Announcements => _announcements.Reader;

    public IPortMapper Open(GatewayRoute route)
    {
        _gateway = route.Gateway;
        return this;
    }

    public Task<GatewayAnswer> QueryAsync(ExchangeEffort effort, CancellationToken cancellationToken) =>
        Task.FromResult(new GatewayAnswer(PortMappingMethod.NatPmp, External, TimeSpan.FromHours(1), TimeSpan.Zero, 1));

    public Task<PortMapping> MapAsync(PortMappingRequest request, ExchangeEffort effort, CancellationToken cancellationToken)
    {
        Mappings[request.InternalPort] = request.InternalPort;
        return Task.FromResult(new PortMapping(
            PortMappingMethod.NatPmp, _gateway, request.Protocol, request.InternalPort, request.InternalPort, request.Lifetime, DateTimeOffset.UtcNow));
    }

    public Task<bool> DeleteAsync(PortMapping mapping, ExchangeEffort effort, CancellationToken cancellationToken)
    {
        return Task.FromResult(Mappings.TryRemove(mapping.InternalPort, out _));
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
