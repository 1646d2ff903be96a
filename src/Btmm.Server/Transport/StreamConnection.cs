using System.Net.Security;
using System.Net.Sockets;
using Btmm.Server.Hosting;
using Btmm.Server.Requests;

namespace Btmm.Server.Transport;

/// <summary>
/// One connection, by TCP or TLS, with any number of messages (RFC 7766, RFC 7858). They are answered in order, but an update that
/// waits for its commit is overtaken by what comes after it (RFC 7766 §6.2.1.1); a number of them may wait at a time. The connection ends when the client ends its side, is idle, sends or takes a message too slowly, or sends what is none;
/// in all but the last two cases what is under way is still answered.
/// </summary>
internal sealed partial class StreamConnection : IStreamPeer
{
    // For a client to close its side after us.
    private static readonly TimeSpan s_linger = TimeSpan.FromSeconds(1);

    private readonly Socket _socket;
    private readonly Stream _stream;
    private readonly StreamContext _context;
    private readonly FrameBuffer _received = new();
    private readonly StreamSender _sender;
    private readonly ConnectionTimer _timer;
    private readonly SemaphoreSlim _places;
    private readonly CancellationTokenSource _reading = new();
    private readonly CancellationTokenSource _closed = new();
    private int _holds;
    private volatile bool _isInMessage;
    private volatile bool _isSlow;

    /// <param name="socket">The connected socket.</param>
    /// <param name="stream">What is read and written: the socket's stream, or TLS over it. Owns the socket.</param>
    /// <param name="origin">Where it comes from.</param>
    /// <param name="certificateHash">SHA-256 of our certificate; empty without TLS.</param>
    /// <param name="context">What all connections share.</param>
    internal StreamConnection(Socket socket, Stream stream, RequestOrigin origin, ReadOnlyMemory<byte> certificateHash, StreamContext context)
    {
        _socket = socket;
        _stream = stream;
        _context = context;
        Origin = origin;
        CertificateHash = certificateHash;
        _places = new SemaphoreSlim(Limits.MaxRequestsPerConnection, Limits.MaxRequestsPerConnection);
        _sender = new StreamSender(stream, context.Clock, Limits.ConnectionMessageTimeout, Abort);
        _timer = new ConnectionTimer(context.Clock, OnExpired);
    }

    public RequestOrigin Origin { get; }

    public ReadOnlyMemory<byte> CertificateHash { get; }

    public CancellationToken Closed => _closed.Token;

    public TimeSpan IdleTimeout => _context.Table.IdleTimeout;

    private ZoneServiceLimits Limits => _context.Limits;

    private bool IsHeldOpen => Volatile.Read(ref _holds) > 0;

    public ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken) => _sender.SendAsync(message, cancellationToken);

    public void HoldOpen() => Interlocked.Increment(ref _holds);

    public void LetGo()
    {
        if (Interlocked.Decrement(ref _holds) == 0 && !_isInMessage)
            _timer.Set(IdleTimeout);
    }

    public void Abort() => _socket.Close(timeout: 0);

    /// <summary>Serves the connection until it ends. When the service stops no more is read, but what is under way is answered.</summary>
    internal async Task RunAsync(CancellationToken stopping)
    {
        CancellationTokenRegistration stop = stopping.UnsafeRegister(static self => ((StreamConnection)self!)._reading.Cancel(), this);
        try
        {
            bool hasEnded = await ReadAsync().ConfigureAwait(false);
            if (_isSlow)
                Abort();
            else
                await FinishAsync(hasEnded).ConfigureAwait(false);
        }
        catch (Exception error) when (error is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The client went away or did not take its answers: the connection ends, which is all there is to do.
            Abort();
        }
        finally
        {
            await stop.DisposeAsync().ConfigureAwait(false);
            _timer.Dispose();
            await _closed.CancelAsync().ConfigureAwait(false);
            await AllAnsweredAsync(Timeout.InfiniteTimeSpan).ConfigureAwait(false); // at once: they know that it has ended
            await _stream.DisposeAsync().ConfigureAwait(false);
            _received.Dispose();
        }
    }

    /// <summary>Takes messages until there will be no more; whether the client said so itself.</summary>
    private async Task<bool> ReadAsync()
    {
        try
        {
            while (!_received.IsBad)
            {
                if (!_received.IsPartial)
                    _timer.Set(IsHeldOpen ? Timeout.InfiniteTimeSpan : IdleTimeout);
                int count = await _stream.ReadAsync(_received.Room(), _reading.Token).ConfigureAwait(false);
                if (count == 0)
                    return true;
                _received.Add(count);
                await AnswerAllAsync().ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (_reading.IsCancellationRequested)
        {
            // Idle, too slow, or the service stops.
        }

        return false;
    }

    // The deadline of a message is not moved by its bytes, only by its end: a byte a second holds nothing for long.
    private async ValueTask AnswerAllAsync()
    {
        bool wasInMessage = _isInMessage;
        while (_received.TryTake(out ReadOnlyMemory<byte>? message))
        {
            _timer.Clear();
            wasInMessage = _isInMessage = false;
            if (StreamHandler.MayBeOvertaken(message.Value.Span))
                await StartAnswerAsync(message.Value).ConfigureAwait(false);
            else
                await AnswerInOrderAsync(message.Value).ConfigureAwait(false);
            if (_sender.IsFull)
                await _sender.FlushAsync(_closed.Token).ConfigureAwait(false);
        }

        await _sender.FlushAsync(_closed.Token).ConfigureAwait(false);
        _isInMessage = _received.IsPartial;
        if (_isInMessage && !wasInMessage)
            _timer.Set(Limits.ConnectionMessageTimeout);
    }

    private void OnExpired()
    {
        if (!_isInMessage)
        {
            if (IsHeldOpen)
                return;
            if (_places.CurrentCount < Limits.MaxRequestsPerConnection)
            {
                _timer.Set(IdleTimeout); // it waits for us, not we for it
                return;
            }
        }

        _isSlow = _isInMessage;
        _context.Metrics.Add(_isSlow ? ServerCount.ConnectionsTooSlow : ServerCount.ConnectionsIdle);
        _reading.Cancel();
    }

    /// <summary>Answers what is under way, then says that there will be no more: close_notify, FIN.</summary>
    private async Task FinishAsync(bool hasClientEnded)
    {
        _timer.Clear();
        if (!await AllAnsweredAsync(hasClientEnded ? Limits.ConnectionIdleTimeout : Limits.DrainTimeout).ConfigureAwait(false))
        {
            Abort();
            return;
        }

        using var deadline = new CancellationTokenSource(Limits.DrainTimeout, _context.Clock.TimeProvider);
        await _sender.FlushAsync(deadline.Token).ConfigureAwait(false);
        if (_stream is SslStream tls)
            await tls.ShutdownAsync().WaitAsync(deadline.Token).ConfigureAwait(false);
        _socket.Shutdown(SocketShutdown.Send);
        deadline.CancelAfter(s_linger);
        if (!hasClientEnded)
            await LingerAsync(deadline.Token).ConfigureAwait(false);
    }

    // Closing with something unread would reset the connection, and the client might lose our last answers by that.
    private async Task LingerAsync(CancellationToken cancellationToken)
    {
        byte[] sink = new byte[512];
        while (await _socket.ReceiveAsync(sink, SocketFlags.None, cancellationToken).ConfigureAwait(false) > 0)
        {
        }
    }
}
