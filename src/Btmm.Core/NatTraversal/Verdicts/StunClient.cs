using System.Net;
using System.Net.Sockets;
using Btmm.Core.Contracts;
using Btmm.Protocol;
using Btmm.Protocol.NatTraversal.Stun;

namespace Btmm.Core.NatTraversal.Verdicts;

/// <summary>
/// Asks STUN servers how one local port looks from there (RFC 8489): any number of transactions at a time, to any servers, all
/// from that port. Thread-safe.
/// </summary>
public sealed class StunClient : IAsyncDisposable
{
    private const int MaxMessage = 548;
    private const int MaxRequest = 64;

    /// <summary>So many errors in a row mean that the socket is of no use any more.</summary>
    private const int MaxErrors = 16;

    private readonly IDatagramChannel _channel;
    private readonly bool _isConnected;
    private readonly IRandomSource _random;
    private readonly TimeProvider _time;
    private readonly long _origin;
    private readonly Lock _gate = new();
    private readonly List<Pending> _pending = [];
    private readonly CancellationTokenSource _shutdown = new();
    private readonly Task _loop;
    private bool _isDead;

    /// <summary>Opens a socket and starts to listen.</summary>
    /// <param name="channels">Where the socket comes from.</param>
    /// <param name="options">The local address and port. When connected, a closed port at the server is noticed at once.</param>
    /// <param name="random">For transaction ids.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="SocketException">The address is in use or not local.</exception>
    public StunClient(IDatagramChannelFactory channels, DatagramChannelOptions options, IRandomSource random, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(channels);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(time);
        _channel = channels.Open(options);
        _isConnected = options.Connect is not null;
        _random = random;
        _time = time;
        _origin = time.GetTimestamp();
        _loop = ListenAsync();
    }

    /// <summary>The local address and port.</summary>
    public IPEndPoint LocalEndPoint => _channel.LocalEndPoint;

    /// <summary>Carries out one transaction.</summary>
    /// <param name="query">What to ask.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<StunOutcome> AskAsync(StunQuery query, CancellationToken cancellationToken)
    {
        Pending pending = Start(query);
        try
        {
            byte[] request = new byte[MaxRequest];
            while (true)
            {
                if (TakeOutput(pending, request) is var length and > 0)
                    await SendAsync(pending, request.AsMemory(0, length), cancellationToken).ConfigureAwait(false);
                if (OutcomeOf(pending) is { } outcome) return outcome;
                await AwaitProgressAsync(pending, cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            lock (_gate) _pending.Remove(pending);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _shutdown.CancelAsync().ConfigureAwait(false);
        await _channel.DisposeAsync().ConfigureAwait(false);
        await _loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _shutdown.Dispose();
    }

    private Pending Start(StunQuery query)
    {
        Span<byte> id = stackalloc byte[StunHeader.TransactionIdSize];
        _random.Fill(id);
        var pending = new Pending(new StunExchange(Now(), query, id));
        lock (_gate)
        {
            if (_isDead) pending.Exchange.HandleUnreachable(Now());
            _pending.Add(pending);
        }

        return pending;
    }

    private TimeSpan Now() => _time.GetElapsedTime(_origin);

    private int TakeOutput(Pending pending, Span<byte> destination)
    {
        lock (_gate) return pending.Exchange.TryTakeOutput(destination, out int length) ? length : 0;
    }

    private StunOutcome? OutcomeOf(Pending pending)
    {
        lock (_gate) return pending.Exchange.Outcome;
    }

    private async Task SendAsync(Pending pending, ReadOnlyMemory<byte> request, CancellationToken cancellationToken)
    {
        try
        {
            await _channel.SendAsync(request, pending.Exchange.Server, cancellationToken).ConfigureAwait(false);
        }
        catch (SocketException)
        {
            // No route, or a filter of this very host: it will not be otherwise a moment later.
            lock (_gate) pending.Exchange.HandleUnreachable(Now());
        }
    }

    /// <summary>Waits for the end or for the exchange's timer.</summary>
    private async Task AwaitProgressAsync(Pending pending, CancellationToken cancellationToken)
    {
        TimeSpan wait;
        lock (_gate) wait = (pending.Exchange.NextTimeout ?? Now()) - Now();
        try
        {
            if (wait > TimeSpan.Zero) await pending.Ended.Task.WaitAsync(wait, _time, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // What a timer is for.
        }

        lock (_gate) pending.Exchange.HandleTimeout(Now());
    }

    private async Task ListenAsync()
    {
        byte[] buffer = new byte[MaxMessage];
        for (int errors = 0; errors < MaxErrors;)
        {
            try
            {
                ReceivedDatagram received = await _channel.ReceiveAsync(buffer, _shutdown.Token).ConfigureAwait(false);
                errors = 0;
                if (!received.Truncated) Judge(received.Remote, buffer.AsSpan(0, received.Length));
            }
            catch (SocketException)
            {
                errors++;
                if (_isConnected) EndAll();
            }
        }

        lock (_gate) _isDead = true;
        EndAll();
    }

    private void Judge(IPEndPoint from, ReadOnlySpan<byte> message)
    {
        lock (_gate)
        {
            foreach (Pending pending in _pending)
            {
                pending.Exchange.HandleDatagram(Now(), from, message);
                pending.EndIfDone();
            }
        }
    }

    private void EndAll()
    {
        lock (_gate)
        {
            foreach (Pending pending in _pending)
            {
                pending.Exchange.HandleUnreachable(Now());
                pending.EndIfDone();
            }
        }
    }

    private sealed class Pending(StunExchange exchange)
    {
        public StunExchange Exchange { get; } = exchange;

        public TaskCompletionSource Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void EndIfDone()
        {
            if (Exchange.Outcome is not null) Ended.TrySetResult();
        }
    }
}
