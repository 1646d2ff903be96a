using System.Threading.Channels;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;

namespace Btmm.Core.NatTraversal.Auto;

/// <summary>
/// Maps ports by whichever of PCP, NAT-PMP and UPnP IGD the gateway speaks. Thread-safe.
/// </summary>
/// <remarks>
/// <para>Questions are raced (<see cref="MapperRace"/>); mappings are not: one method is asked, and another one only when that one
/// has refused or fallen silent while the other answers, and after the first one's mapping, which may exist, was deleted as well as
/// it could be. What could not be deleted stays in the memory and is deleted before the next mapping.</para>
/// <para>A mapping is renewed by the method that made it, until that fails; the memory tells which that was, also across a crash.</para>
/// </remarks>
public sealed class AutoPortMapper : IPortMapper
{
    /// <summary>After so long without any answer the gateway counts as not mapping ports.</summary>
    private static readonly TimeSpan s_thoroughLimit = TimeSpan.FromSeconds(10);

    /// <summary>As <see cref="s_thoroughLimit"/>, for a gateway that has answered before.</summary>
    private static readonly TimeSpan s_briskLimit = TimeSpan.FromSeconds(3);

    /// <summary>As <see cref="s_thoroughLimit"/>, while the program waits to end.</summary>
    private static readonly TimeSpan s_briefLimit = TimeSpan.FromSeconds(2);

    /// <summary>Where there is one method only, it decides itself how long it insists; this is longer than any does.</summary>
    private static readonly TimeSpan s_ownPatience = TimeSpan.FromHours(1);

    /// <summary>The most that a method may take to map: some gateways try every port before they say that none is allowed.</summary>
    private static readonly TimeSpan s_mapLimit = TimeSpan.FromSeconds(30);

    /// <summary>As <see cref="s_mapLimit"/>, when another method answered the last question faster than the one that is to renew.</summary>
    private static readonly TimeSpan s_doubtfulMapLimit = TimeSpan.FromSeconds(4);

    /// <summary>What the deletion of a mapping that may exist may take before another one is made.</summary>
    private static readonly TimeSpan s_clearLimit = TimeSpan.FromMilliseconds(500);

    private readonly GatewayRoute _route;
    private readonly IReadOnlyList<MapperLane> _lanes;
    private readonly IReadOnlyList<MapperLane> _allowed;
    private readonly GatewayMemory _memory;
    private readonly TimeProvider _time;
    private readonly Turn _turn = new();
    private readonly Dictionary<(PortMappingProtocol Protocol, int Port), MapperLane> _madeBy = [];
    private readonly AnnouncementMerger _announcements;
    private MapperLane? _speaking;
    private bool _everAnswered;

    /// <summary>Makes a mapper for a gateway; sends nothing yet.</summary>
    /// <param name="route">The gateway.</param>
    /// <param name="memory">What outlives the process.</param>
    /// <param name="time">The clock.</param>
    /// <param name="lanes">All methods, best first.</param>
    /// <param name="only">Those that may map; none for all. What others made is released all the same.</param>
    internal AutoPortMapper(
        GatewayRoute route, GatewayMemory memory, TimeProvider time, IReadOnlyList<MapperLane> lanes, IReadOnlyList<PortMappingMethod> only)
    {
        _route = route;
        _memory = memory;
        _time = time;
        _lanes = lanes;
        _allowed = only.Count == 0 ? lanes : [.. lanes.Where(lane => only.Contains(lane.Method))];
        _announcements = new AnnouncementMerger(_allowed.Select(lane => lane.Mapper.Announcements));
    }

    /// <inheritdoc/>
    public int StateLossCount => _lanes.Sum(lane => lane.Opened?.StateLossCount ?? 0);

    /// <inheritdoc/>
    public ChannelReader<GatewayAnnouncement> Announcements => _announcements.Reader;

    /// <inheritdoc/>
    public Task<GatewayAnswer> QueryAsync(ExchangeEffort effort, CancellationToken cancellationToken) => _turn.RunAsync(
        async () =>
        {
            var failures = new MapperFailures(_route.Gateway);
            return (await AskAsync(_allowed, Favourite(_madeBy.Values.LastOrDefault()), effort, failures, cancellationToken).ConfigureAwait(false)).Answer;
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<PortMapping> MapAsync(PortMappingRequest request, ExchangeEffort effort, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        return _turn.RunAsync(() => MapByOneAsync(request, effort, cancellationToken), cancellationToken);
    }

    /// <inheritdoc/>
    public Task<bool> DeleteAsync(PortMapping mapping, ExchangeEffort effort, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(mapping);
        return _turn.RunAsync(
            async () =>
            {
                MapperLane lane = _lanes.FirstOrDefault(lane => lane.Method == mapping.Method) ?? throw NotFor(mapping.Method);
                _madeBy.Remove((mapping.Protocol, mapping.InternalPort));
                return await lane.Mapper.DeleteAsync(mapping, effort, cancellationToken).ConfigureAwait(false);
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _turn.Close();
        foreach (MapperLane lane in _lanes)
        {
            if (lane.Opened is { } mapper) await mapper.DisposeAsync().ConfigureAwait(false);
        }

        await _announcements.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Maps by one method after the other until one does it.</summary>
    private async Task<PortMapping> MapByOneAsync(PortMappingRequest request, ExchangeEffort effort, CancellationToken cancellationToken)
    {
        var failures = new MapperFailures(_route.Gateway);
        List<MapperLane> left = [.. _allowed];
        MapperLane? lane = _madeBy.GetValueOrDefault((request.Protocol, request.InternalPort)) ?? _speaking;
        while (true)
        {
            lane ??= (await AskAsync(left, Favourite(Known(request)), effort, failures, cancellationToken).ConfigureAwait(false)).Winner;
            await ClearAsync(request, lane, cancellationToken).ConfigureAwait(false);
            try
            {
                return await MapByAsync(lane, request, effort, cancellationToken).ConfigureAwait(false);
            }
            catch (BtmmException e) when (IsWorthAnother(e, request) && !LeavesTheMapping(e, request, lane))
            {
                failures.Add(lane, e);
            }

            if (lane == _speaking) _speaking = null;
            _memory.ForgetMethod(lane.Method);
            left.Remove(lane);
            if (left.Count == 0) throw failures.Combine(_everAnswered);
            lane = null;
        }
    }

    private async Task<PortMapping> MapByAsync(
        MapperLane lane, PortMappingRequest request, ExchangeEffort effort, CancellationToken cancellationToken)
    {
        bool isSure = _allowed.Count == 1 || lane == _speaking;
        using CancellationTokenSource limit = new(isSure ? s_mapLimit : s_doubtfulMapLimit, _time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            CancellationToken until = _allowed.Count == 1 ? cancellationToken : either.Token;
            PortMapping mapping = await lane.Mapper.MapAsync(request, effort, until).ConfigureAwait(false);
            _madeBy[(request.Protocol, request.InternalPort)] = lane;
            _everAnswered = true;
            _memory.NoteMethod(lane.Method);
            return mapping;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new BtmmException(
                BtmmErrorReason.Timeout,
                $"The gateway {_route.Gateway} did not answer when it was asked to map a port by {PortMappingNames.Of(lane.Method)}.",
                "Check that the router is up.");
        }
    }

    /// <summary>
    /// Before a method maps, whatever another one may have made for the same port is deleted, so that there are never two. What cannot
    /// be deleted now stays in the memory.
    /// </summary>
    private async Task ClearAsync(PortMappingRequest request, MapperLane next, CancellationToken cancellationToken)
    {
        foreach (PortMapping other in Records(request).Where(mapping => mapping.Method != next.Method))
        {
            if (_lanes.FirstOrDefault(lane => lane.Method == other.Method) is not { } maker) continue;
            using CancellationTokenSource limit = new(s_clearLimit, _time);
            using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
            try
            {
                await maker.Mapper.DeleteAsync(other, ExchangeEffort.Brief, either.Token).ConfigureAwait(false);
            }
            catch (Exception e) when (e is BtmmException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
            {
                continue; // It is tried again before the next mapping, at the stop and at the next start.
            }
        }
    }

    /// <summary>Races methods. Returns who answered first and what.</summary>
    /// <exception cref="BtmmException">Nobody answered.</exception>
    private async Task<(MapperLane Winner, GatewayAnswer Answer)> AskAsync(
        IReadOnlyList<MapperLane> lanes, MapperLane? favourite, ExchangeEffort effort, MapperFailures failures, CancellationToken cancellationToken)
    {
        TimeSpan limit = effort switch
        {
            _ when _allowed.Count == 1 => s_ownPatience,
            ExchangeEffort.Brisk => s_briskLimit,
            ExchangeEffort.Brief => s_briefLimit,
            _ => s_thoroughLimit,
        };
        var race = new MapperRace(failures, _time);
        if (await race.RunAsync(lanes, favourite, effort, limit, cancellationToken).ConfigureAwait(false) is not { } won)
        {
            if (favourite is not null) _memory.ForgetMethod(favourite.Method);
            _speaking = null;
            throw failures.Combine(_everAnswered);
        }

        _everAnswered = true;
        _speaking = won.Winner;
        return won;
    }

    /// <summary>The method to ask first: the one that made what there is, else the one that worked here last.</summary>
    private MapperLane? Favourite(MapperLane? maker)
    {
        PortMappingMethod? known = maker?.Method
            ?? _memory.Mappings.LastOrDefault()?.Method
            ?? _memory.Method;
        return _allowed.FirstOrDefault(lane => lane.Method == known);
    }

    /// <summary>The method that made the mapping of a port according to the memory.</summary>
    private MapperLane? Known(PortMappingRequest request)
    {
        PortMapping? record = Records(request).OrderBy(mapping => mapping.Lifetime > TimeSpan.Zero).ThenBy(mapping => mapping.MappedAt).LastOrDefault();
        return record is null ? null : _allowed.FirstOrDefault(lane => lane.Method == record.Method);
    }

    private IReadOnlyList<PortMapping> Records(PortMappingRequest request) => _memory.MappingsOf(request.Protocol, request.InternalPort);

    /// <summary>
    /// Whether a method whose gateway has no room for a renewal still has the mapping: then it is kept to its end, since another
    /// method could make one only after it was deleted, and may have no room either.
    /// </summary>
    private bool LeavesTheMapping(BtmmException failure, PortMappingRequest request, MapperLane lane) =>
        failure.Reason == BtmmErrorReason.PortMappingOutOfResources && Records(request).Any(mapping =>
            mapping.Method == lane.Method && mapping.Lifetime > TimeSpan.Zero && _time.GetUtcNow() < mapping.ExpiresAt);

    private BtmmException NotFor(PortMappingMethod method) => new(
        BtmmErrorReason.PortMappingUnsupported,
        $"The gateway {_route.Gateway} cannot be asked by {PortMappingNames.Of(method)}.",
        "Nothing: the mapping ends with its lifetime.");

    /// <summary>Whether another method may do what one could not.</summary>
    private static bool IsWorthAnother(BtmmException failure, PortMappingRequest request) => failure.Reason switch
    {
        BtmmErrorReason.PortMappingConflict => !request.PreferFailure,
        BtmmErrorReason.StateDirectoryInvalid or BtmmErrorReason.InvalidValue => false,
        _ => true,
    };
}
