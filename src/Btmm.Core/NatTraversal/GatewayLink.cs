using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;
using Btmm.Protocol.NatTraversal;

namespace Btmm.Core.NatTraversal;

/// <summary>
/// Runs a session's exchanges with one gateway over a UDP socket: one at a time, in the order of the calls, each ended by an answer, by
/// ICMP, by silence or by the caller. Between exchanges it goes on listening, so that late answers are gone by the next one and what
/// the gateway sends unasked is heard. Thread-safe.
/// </summary>
/// <remarks>
/// The socket is not connected: some gateways answer from another port than they were asked on. The session looks at the sender.
/// </remarks>
/// <typeparam name="TRequest">The protocol's request.</typeparam>
/// <typeparam name="TResponse">The protocol's response.</typeparam>
internal sealed class GatewayLink<TRequest, TResponse> : IAsyncDisposable
    where TRequest : notnull
    where TResponse : class
{
    private readonly GatewaySession<TRequest, TResponse> _session;
    private readonly IPEndPoint _gateway;
    private readonly IPAddress _local;
    private readonly IDatagramChannelFactory _channels;
    private readonly TimeProvider _time;
    private readonly long _origin;
    private readonly Turn _turn = new();
    private readonly Lock _gate = new();
    private readonly byte[] _output;
    private readonly RefusalLog _refusals;
    private Line? _line;
    private bool _disposed;

    /// <summary>Makes a link; opens no socket yet.</summary>
    /// <param name="session">The session; the link's own from now on.</param>
    /// <param name="gateway">Where requests go.</param>
    /// <param name="local">
    /// This host's address towards the gateway: bound to it, the socket hears nothing that is sent to the host's other addresses.
    /// </param>
    /// <param name="channels">Where sockets come from.</param>
    /// <param name="time">The clock.</param>
    /// <param name="maxLength">The longest message in bytes; longer ones are ignored.</param>
    /// <param name="refusals">Told of datagrams from other addresses.</param>
    internal GatewayLink(
        GatewaySession<TRequest, TResponse> session,
        IPEndPoint gateway,
        IPAddress local,
        IDatagramChannelFactory channels,
        TimeProvider time,
        int maxLength,
        RefusalLog refusals)
    {
        ArgumentNullException.ThrowIfNull(time);
        _session = session;
        _gateway = gateway;
        _local = local;
        _channels = channels;
        _time = time;
        _origin = time.GetTimestamp();
        _output = new byte[maxLength];
        _refusals = refusals;
    }

    /// <summary>Called after each datagram that arrived, while nobody else uses the session. Must be quick.</summary>
    internal Action? Heard { get; init; }

    /// <summary>The session's time.</summary>
    internal TimeSpan Now() => _time.GetElapsedTime(_origin);

    /// <summary>Looks at the session while nobody else uses it.</summary>
    internal T Inspect<T>(Func<TimeSpan, T> look)
    {
        lock (_gate) return look(Now());
    }

    /// <summary>Runs one exchange.</summary>
    /// <param name="request">What to ask.</param>
    /// <param name="maxTries">How often to send it at most.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="BtmmException">Unreachable: the network refuses the datagram.</exception>
    /// <exception cref="ObjectDisposedException">The link was disposed before the exchange ended.</exception>
    internal Task<ExchangeOutcome<TResponse>> ExchangeAsync(TRequest request, int maxTries, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxTries, 1);
        return _turn.RunAsync(() => ExchangeInTurnAsync(request, maxTries, cancellationToken), cancellationToken);
    }

    private async Task<ExchangeOutcome<TResponse>> ExchangeInTurnAsync(TRequest request, int maxTries, CancellationToken cancellationToken)
    {
        bool answered = false;
        try
        {
            Line line = await OpenAsync().ConfigureAwait(false);
            lock (_gate) _session.TryStart(Now(), request, maxTries);
            ExchangeOutcome<TResponse> outcome = await RunAsync(line, cancellationToken).ConfigureAwait(false);
            answered = outcome.Kind == ExchangeOutcomeKind.Answered;
            return outcome;
        }
        catch (SocketException e)
        {
            throw PortMappingErrors.Unreachable(_gateway, e);
        }
        finally
        {
            lock (_gate) _session.Abandon();

            // The answer may still come; a new socket makes sure that it does not pass for the answer to a later request. It also gets
            // rid of the ICMP errors that the system keeps with a socket.
            if (!answered) await CloseAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Ends the exchange that is under way and those that wait for their turn, and returns when they have ended.</summary>
    public async ValueTask DisposeAsync()
    {
        _turn.Close();
        lock (_gate) _disposed = true;
        await CloseAsync().ConfigureAwait(false);
        await _turn.WhenIdleAsync().ConfigureAwait(false);
    }

    private async Task<ExchangeOutcome<TResponse>> RunAsync(Line line, CancellationToken cancellationToken)
    {
        while (true)
        {
            int length;
            bool due;
            ExchangeOutcome<TResponse>? outcome;
            lock (_gate)
            {
                due = _session.TryTakeOutput(_output, out length);
                _session.TryTakeOutcome(out outcome);
            }

            if (outcome is not null) return outcome;
            if (line.Fault is { } fault) throw fault;
            if (due) await line.Channel.SendAsync(_output.AsMemory(0, length), _gateway, cancellationToken).ConfigureAwait(false);
            else await AwaitProgressAsync(line, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Waits for something to arrive or for the session's timer, whichever is first.</summary>
    private async Task AwaitProgressAsync(Line line, CancellationToken cancellationToken)
    {
        TimeSpan wait;
        lock (_gate)
        {
            wait = (_session.NextTimeout ?? TimeSpan.Zero) - Now();
            if (wait <= TimeSpan.Zero)
            {
                _session.HandleTimeout(Now());
                return;
            }
        }

        using CancellationTokenSource timer = new(wait, _time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token);
        try
        {
            await line.Signals.Reader.ReadAsync(either.Token).ConfigureAwait(false);
        }
        catch (ChannelClosedException)
        {
            if (line.Fault is null) throw new ObjectDisposedException(nameof(IPortMapper));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            lock (_gate) _session.HandleTimeout(Now());
        }
    }

    /// <summary>The socket that is open, or a new one. Under the lock, so that none is opened behind the back of the disposal.</summary>
    private async ValueTask<Line> OpenAsync()
    {
        if (_line is { Fault: not null }) await CloseAsync().ConfigureAwait(false);
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, typeof(IPortMapper));
            if (_line is not null) return _line;
            Line line = new(_channels.Open(new DatagramChannelOptions(new IPEndPoint(_local, 0), ReportUnreachable: true)));
            line.Loop = ListenAsync(line);
            return _line = line;
        }
    }

    private async Task ListenAsync(Line line)
    {
        try
        {
            byte[] buffer = new byte[_output.Length];
            while (line.Fault is null)
            {
                await HearAsync(line, buffer).ConfigureAwait(false);
                line.Signals.Writer.TryWrite(true);
            }
        }
        finally
        {
            line.Signals.Writer.TryComplete();
        }
    }

    private async Task HearAsync(Line line, byte[] buffer)
    {
        try
        {
            ReceivedDatagram received = await line.Channel.ReceiveAsync(buffer, line.Shutdown.Token).ConfigureAwait(false);
            if (received.Truncated) return;
            if (!GatewaySource.IsGateway(_gateway.Address, received.Remote.Address))
            {
                _refusals.Stranger(received.Remote);
                return;
            }

            lock (_gate)
            {
                _session.HandleDatagram(Now(), received.Remote, buffer.AsSpan(0, received.Length));
                Heard?.Invoke();
            }
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionRefused or SocketError.ConnectionReset)
        {
            lock (_gate) _session.HandlePortUnreachable(Now());
        }
        catch (SocketException e)
        {
            line.Fault = e;
        }
    }

    private async Task CloseAsync()
    {
        if (Interlocked.Exchange(ref _line, null) is not { } line) return;
        await line.Shutdown.CancelAsync().ConfigureAwait(false);
        await line.Channel.DisposeAsync().ConfigureAwait(false);
        await line.Loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // It ends by the socket's disposal.
        line.Shutdown.Dispose();
    }

    /// <summary>A socket and who listens on it.</summary>
    private sealed class Line(IDatagramChannel channel)
    {
        internal IDatagramChannel Channel { get; } = channel;

        internal CancellationTokenSource Shutdown { get; } = new();

        internal Channel<bool> Signals { get; } =
            System.Threading.Channels.Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

        internal Task Loop { get; set; } = Task.CompletedTask;

        internal volatile SocketException? Fault;
    }
}
