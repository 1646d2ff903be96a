using System.Runtime.ExceptionServices;
using Btmm.Core.Diagnostics;

namespace Btmm.Core.NatTraversal.Auto;

/// <summary>
/// Asks one gateway by several methods, each a little after the one before or as soon as that one failed, and takes the first
/// answer (as RFC 8305 does with addresses). Only questions that change nothing on the gateway are raced. Used once.
/// </summary>
/// <param name="failures">Takes note of the methods that did not work.</param>
/// <param name="time">The clock.</param>
internal sealed class MapperRace(MapperFailures failures, TimeProvider time)
{
    /// <summary>When the methods start, in order of preference.</summary>
    private static readonly TimeSpan[] s_starts = [TimeSpan.Zero, TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(250)];

    /// <summary>How long a method that worked before is asked alone.</summary>
    private static readonly TimeSpan s_favouriteAlone = TimeSpan.FromMilliseconds(250);

    /// <summary>When one method has refused, the others get no more than this.</summary>
    private static readonly TimeSpan s_afterRefusal = TimeSpan.FromSeconds(2);

    private readonly long _origin = time.GetTimestamp();
    private readonly Queue<(MapperLane Lane, TimeSpan At)> _waiting = new();
    private readonly Dictionary<Task<GatewayAnswer>, MapperLane> _running = [];

    /// <summary>Runs the race. Returns the winner and its answer; null when nobody answered, for which the failures give the reasons.</summary>
    /// <param name="lanes">The methods, best first.</param>
    /// <param name="favourite">One of them that worked before, or null.</param>
    /// <param name="effort">How hard each is asked.</param>
    /// <param name="limit">When silence counts as an answer.</param>
    /// <param name="cancellationToken">Ends the race.</param>
    internal async Task<(MapperLane Winner, GatewayAnswer Answer)?> RunAsync(
        IReadOnlyList<MapperLane> lanes, MapperLane? favourite, ExchangeEffort effort, TimeSpan limit, CancellationToken cancellationToken)
    {
        LineUp(lanes, favourite);
        using CancellationTokenSource race = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            while (true)
            {
                cancellationToken.ThrowIfCancellationRequested();
                StartDue(effort, race.Token);
                if (TakeFinished() is { } won) return won;
                if (failures.AnyRefused && Now() + s_afterRefusal < limit) limit = Now() + s_afterRefusal;
                bool isOver = _running.Count == 0 && _waiting.Count == 0;
                if (isOver || Now() >= limit) break;
                if (_running.Count > 0) await WaitAsync(limit, race.Token).ConfigureAwait(false);
            }

            foreach (MapperLane silent in _running.Values) failures.AddSilent(silent);
            return null;
        }
        finally
        {
            await race.CancelAsync().ConfigureAwait(false);
            Task losers = Task.WhenAll(_running.Keys);
            await losers.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private TimeSpan Now() => time.GetElapsedTime(_origin);

    private void LineUp(IReadOnlyList<MapperLane> lanes, MapperLane? favourite)
    {
        TimeSpan later = TimeSpan.Zero;
        if (favourite is not null && lanes.Contains(favourite))
        {
            _waiting.Enqueue((favourite, TimeSpan.Zero));
            later = s_favouriteAlone;
        }

        IEnumerable<MapperLane> others = lanes.Where(lane => lane != favourite);
        foreach ((int place, MapperLane lane) in others.Index()) _waiting.Enqueue((lane, later + s_starts[Math.Min(place, s_starts.Length - 1)]));
    }

    /// <summary>Starts whose time has come; and the next when nobody runs.</summary>
    private void StartDue(ExchangeEffort effort, CancellationToken race)
    {
        while (_waiting.TryPeek(out (MapperLane Lane, TimeSpan At) next) && (next.At <= Now() || _running.Count == 0))
        {
            _waiting.Dequeue();
            _running.Add(next.Lane.Mapper.QueryAsync(effort, race), next.Lane);
        }
    }

    /// <summary>Takes the answer of the first that has one; those that failed make room for the next.</summary>
    private (MapperLane Winner, GatewayAnswer Answer)? TakeFinished()
    {
        foreach ((Task<GatewayAnswer> task, MapperLane lane) in _running.Where(pair => pair.Key.IsCompleted).ToArray())
        {
            if (task.IsCompletedSuccessfully) return (lane, task.Result);
            _running.Remove(task);
            Exception? cause = task.Exception?.InnerException;
            if (cause is BtmmException failure && failure.Reason != BtmmErrorReason.Timeout) failures.Add(lane, failure);
            else if (cause is null or BtmmException) failures.AddSilent(lane);
            else ExceptionDispatchInfo.Throw(cause); // A fault of the program, not of the gateway.
            PullForward();
        }

        return null;
    }

    private void PullForward()
    {
        if (_waiting.Count == 0) return;
        (MapperLane lane, _) = _waiting.Dequeue();
        (MapperLane Lane, TimeSpan At)[] rest = [.. _waiting];
        _waiting.Clear();
        _waiting.Enqueue((lane, TimeSpan.Zero));
        foreach ((MapperLane Lane, TimeSpan At) other in rest) _waiting.Enqueue(other);
    }

    /// <summary>Waits until somebody is done, the next starts, or the limit is reached.</summary>
    private async Task WaitAsync(TimeSpan limit, CancellationToken race)
    {
        TimeSpan until = _waiting.TryPeek(out (MapperLane Lane, TimeSpan At) next) && next.At < limit ? next.At : limit;
        TimeSpan wait = until - Now();
        if (wait <= TimeSpan.Zero) return;
        using CancellationTokenSource timer = CancellationTokenSource.CreateLinkedTokenSource(race);
        Task tick = Task.Delay(wait, time, timer.Token);
        await Task.WhenAny([.. _running.Keys, tick]).ConfigureAwait(false);
        await timer.CancelAsync().ConfigureAwait(false);
    }
}
