using System.Net;
using System.Threading.Channels;
using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal;

namespace Btmm.Core.Tests.NatTraversal;

/// <summary>
/// One method of a gateway in memory, as a mapper sees it: answers late, never, or no, and loses requests or answers. What it maps
/// goes into a table that all methods of the gateway share. Thread-safe.
/// </summary>
internal sealed class FakeMethod(PortMappingMethod method, IPAddress gateway, TimeProvider time, FakeTable table) : IPortMapper
{
    private static readonly TimeSpan s_brief = TimeSpan.FromSeconds(2);
    private readonly Channel<GatewayAnnouncement> _announcements = Channel.CreateUnbounded<GatewayAnnouncement>();
    private int _queries;
    private int _maps;
    private int _deletes;
    private int _running;

    internal PortMappingMethod Method => method;

    /// <summary>How long answers take.</summary>
    internal TimeSpan Delay { get; set; } = TimeSpan.FromMilliseconds(1);

    /// <summary>Nothing reaches the gateway.</summary>
    internal bool Deaf { get; set; }

    /// <summary>Requests reach the gateway, answers do not come back.</summary>
    internal bool Dumb { get; set; }

    /// <summary>Why questions are refused; null when they are answered.</summary>
    internal BtmmErrorReason? QueryFailure { get; set; }

    /// <summary>Why mappings are refused; null when they are made.</summary>
    internal BtmmErrorReason? MapFailure { get; set; }

    /// <summary>Why deletions are refused; null when they are made.</summary>
    internal BtmmErrorReason? DeleteFailure { get; set; }

    /// <summary>What answers tell as the external address.</summary>
    internal IPAddress? External { get; set; } = IPAddress.Parse("203.0.113.10");

    /// <summary>What mappings tell as the external address.</summary>
    internal IPAddress? MappedExternal { get; set; }

    /// <summary>Decides on the lifetime granted, given what was asked for and what is left.</summary>
    internal Func<TimeSpan, TimeSpan, TimeSpan> Grant { get; set; } = (asked, _) => asked;

    /// <summary>A renewal is answered with the full lifetime, and does not extend the mapping.</summary>
    internal bool ClaimsOnly { get; set; }

    /// <summary>Deletions are confirmed, and not done.</summary>
    internal bool KeepsDeleted { get; set; }

    internal bool GrantsPermanently { get; set; }

    /// <summary>How long an operation takes to end when it is cancelled.</summary>
    internal TimeSpan Lingering { get; set; }

    /// <summary>Whether it was disposed of while an operation ran.</summary>
    internal bool WasDisposedInUse { get; private set; }

    internal int Queries => Volatile.Read(ref _queries);

    internal int Maps => Volatile.Read(ref _maps);

    internal int Deletes => Volatile.Read(ref _deletes);

    public int StateLossCount { get; internal set; }

    public ChannelReader<GatewayAnnouncement> Announcements => _announcements.Reader;

    internal void Announce(bool stateLost) => _announcements.Writer.TryWrite(new GatewayAnnouncement(stateLost));

    public async Task<GatewayAnswer> QueryAsync(ExchangeEffort effort, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _queries);
        await ExchangeAsync(effort, QueryFailure, cancellationToken);
        return new GatewayAnswer(method, External, TimeSpan.FromHours(1), Delay, 1);
    }

    public async Task<PortMapping> MapAsync(PortMappingRequest request, ExchangeEffort effort, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _maps);
        TimeSpan left = table.Left(method, request.InternalPort, time);
        TimeSpan lifetime = Grant(request.Lifetime, left);
        TimeSpan real = ClaimsOnly && left > TimeSpan.Zero ? left : lifetime;
        if (!Deaf && MapFailure is null) table.Set(method, request.InternalPort, time.GetUtcNow(), real, GrantsPermanently);
        await ExchangeAsync(effort, MapFailure, cancellationToken);
        int port = request.SuggestedExternalPort == 0 ? request.InternalPort : request.SuggestedExternalPort;
        return new PortMapping(method, gateway, request.Protocol, request.InternalPort, port, lifetime, time.GetUtcNow())
        {
            ExternalAddress = MappedExternal,
            IsPermanent = GrantsPermanently,
        };
    }

    public async Task<bool> DeleteAsync(PortMapping mapping, ExchangeEffort effort, CancellationToken cancellationToken)
    {
        Assert.Equal(method, mapping.Method);
        Interlocked.Increment(ref _deletes);
        bool wasThere = table.Has(method, mapping.InternalPort);
        if (!Deaf && !KeepsDeleted && DeleteFailure is null) table.Remove(method, mapping.InternalPort);
        await ExchangeAsync(effort, DeleteFailure, cancellationToken);
        return wasThere || method != PortMappingMethod.Igd; // The others do not tell.
    }

    public ValueTask DisposeAsync()
    {
        WasDisposedInUse |= Volatile.Read(ref _running) > 0;
        _announcements.Writer.TryComplete();
        return ValueTask.CompletedTask;
    }

    private async Task ExchangeAsync(ExchangeEffort effort, BtmmErrorReason? failure, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _running);
        try
        {
            bool silent = Deaf || Dumb;
            TimeSpan patience = effort == ExchangeEffort.Thorough ? TimeSpan.FromMinutes(2) : s_brief * 4;
            await Task.Delay(silent ? patience : Delay, time, cancellationToken);
            if (silent) throw new BtmmException(BtmmErrorReason.Timeout, $"{method} is silent", "wait");
            if (failure is { } reason) throw new BtmmException(reason, $"{method} says {reason}", "none");
        }
        catch (OperationCanceledException) when (Lingering > TimeSpan.Zero)
        {
            await Task.Delay(Lingering, time, CancellationToken.None);
            throw;
        }
        finally
        {
            Interlocked.Decrement(ref _running);
        }
    }
}

/// <summary>The mappings on a gateway in memory, and the most there ever were of a port. Thread-safe.</summary>
internal sealed class FakeTable
{
    private readonly Dictionary<(PortMappingMethod Method, int Port), (DateTimeOffset End, bool Permanent)> _mappings = [];

    internal int Count(DateTimeOffset now)
    {
        lock (_mappings) return _mappings.Values.Count(mapping => mapping.Permanent || mapping.End > now);
    }

    internal bool Has(PortMappingMethod method, int port)
    {
        lock (_mappings) return _mappings.ContainsKey((method, port));
    }

    internal void Clear()
    {
        lock (_mappings) _mappings.Clear();
    }

    internal TimeSpan Left(PortMappingMethod method, int port, TimeProvider time)
    {
        lock (_mappings) return _mappings.TryGetValue((method, port), out (DateTimeOffset End, bool Permanent) known) && known.End > time.GetUtcNow() ? known.End - time.GetUtcNow() : TimeSpan.Zero;
    }

    /// <summary>How long mappings were gone before they were made again, in all.</summary>
    internal TimeSpan Gone { get; private set; }

    internal void Set(PortMappingMethod method, int port, DateTimeOffset now, TimeSpan lifetime, bool permanent)
    {
        lock (_mappings)
        {
            if (_mappings.TryGetValue((method, port), out (DateTimeOffset End, bool Permanent) old) && now > old.End) Gone += now - old.End;
            _mappings[(method, port)] = (now + lifetime, permanent);
        }
    }

    internal void Remove(PortMappingMethod method, int port)
    {
        lock (_mappings) _mappings.Remove((method, port));
    }
}
