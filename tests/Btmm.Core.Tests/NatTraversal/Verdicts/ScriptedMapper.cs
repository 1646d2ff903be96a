using System.Net;
using System.Threading.Channels;
using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal;

namespace Btmm.Core.Tests.NatTraversal.Verdicts;

/// <summary>A gateway in one protocol that answers as it is told, after as long as it is told. Counts what it is asked.</summary>
internal sealed class ScriptedMapper(PortMappingMethod method, TimeProvider time) : IPortMapper
{
    private readonly Channel<GatewayAnnouncement> _announcements = Channel.CreateUnbounded<GatewayAnnouncement>();

    /// <summary>Its external address; null when it does not tell one.</summary>
    internal IPAddress? External { get; set; } = IPAddress.Parse("203.0.113.9");

    internal BtmmErrorReason? QueryError { get; set; }

    internal BtmmErrorReason? MapError { get; set; }

    /// <summary>Whether it is only silence that says so.</summary>
    internal bool IsSilent { get; set; }

    internal BtmmErrorReason? DeleteError { get; set; }

    internal TimeSpan QueryDelay { get; set; } = TimeSpan.FromMilliseconds(3);

    internal TimeSpan MapDelay { get; set; } = TimeSpan.FromMilliseconds(3);

    internal bool IsPermanent { get; set; }

    internal List<PortMapping> Mapped { get; } = [];

    internal List<PortMapping> Deleted { get; } = [];

    internal bool IsDisposed { get; private set; }

    public int StateLossCount => 0;

    public ChannelReader<GatewayAnnouncement> Announcements => _announcements.Reader;

    public async Task<GatewayAnswer> QueryAsync(ExchangeEffort effort, CancellationToken cancellationToken)
    {
        await Task.Delay(QueryDelay, time, cancellationToken);
        if (QueryError is { } reason) throw Error(reason);
        return new GatewayAnswer(method, External, null, QueryDelay, 1);
    }

    public async Task<PortMapping> MapAsync(PortMappingRequest request, ExchangeEffort effort, CancellationToken cancellationToken)
    {
        await Task.Delay(MapDelay, time, cancellationToken);
        if (MapError is { } reason) throw Error(reason);
        var mapping = new PortMapping(
            method, IPAddress.Parse("192.168.1.1"), request.Protocol, request.InternalPort, request.InternalPort, request.Lifetime, time.GetUtcNow())
        { IsPermanent = IsPermanent };
        Mapped.Add(mapping);
        return mapping;
    }

    public Task<bool> DeleteAsync(PortMapping mapping, ExchangeEffort effort, CancellationToken cancellationToken)
    {
        Deleted.Add(mapping);
        return DeleteError is { } reason ? Task.FromException<bool>(Error(reason)) : Task.FromResult(true);
    }

    public ValueTask DisposeAsync()
    {
        IsDisposed = true;
        return ValueTask.CompletedTask;
    }

    private BtmmException Error(BtmmErrorReason reason) =>
        new(reason, $"The gateway says {reason}.", "Nothing.", IsSilent ? new TimeoutException() : null);
}
