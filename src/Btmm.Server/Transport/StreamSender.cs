using System.Buffers.Binary;
using Btmm.Server.Hosting;

namespace Btmm.Server.Transport;

/// <summary>
/// What goes out over a connection. Messages that come while others are on their way go together in the next write
/// (RFC 7766 §8). A client that does not take them in time has its connection ended. Thread-safe.
/// </summary>
internal sealed class StreamSender(Stream stream, ServiceClock clock, TimeSpan timeout, Action abort)
{
    private const int PrefixLength = 2;

    // Each piece has the time-out for itself, so that a long answer may take long, but not arbitrarily so.
    private const int PieceSize = 16 * 1024;

    // Beyond this a sender waits until what was there before is gone.
    private const int MaxWaiting = 128 * 1024;

    private const int KeptSize = 4 * 1024;

    private readonly Lock _gate = new();
    private MemoryStream _waiting = new();
    private MemoryStream _leaving = new();
    private TaskCompletionSource? _waitingGone;
    private bool _isWriting;
    private bool _isBroken;

    /// <summary>Whether so much waits that a flush is due.</summary>
    internal bool IsFull
    {
        get
        {
            lock (_gate)
                return _waiting.Length >= PieceSize;
        }
    }

    /// <summary>Puts a message behind the others; it leaves with the next flush or message sent.</summary>
    internal void Append(ReadOnlySpan<byte> message)
    {
        lock (_gate)
            AppendLocked(message);
    }

    /// <summary>Sends a message; ends when it has been handed to the system.</summary>
    /// <exception cref="OperationCanceledException">The connection has ended, or the token was cancelled.</exception>
    internal async ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        while (true)
        {
            lock (_gate)
            {
                if (_waiting.Length == 0 || _waiting.Length + message.Length <= MaxWaiting)
                {
                    AppendLocked(message.Span);
                    break;
                }
            }

            await FlushAsync(cancellationToken).ConfigureAwait(false);
        }

        await FlushAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Ends when everything appended so far has been handed to the system.</summary>
    /// <exception cref="OperationCanceledException">The connection has ended, or the token was cancelled.</exception>
    internal async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        Task gone;
        bool isFirst;
        lock (_gate)
        {
            ThrowIfBroken();
            if (_waiting.Length == 0 && !_isWriting)
                return;
            gone = (_waitingGone ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
            isFirst = !_isWriting;
            _isWriting = true;
        }

        // It goes on for whoever comes meanwhile; the one who began it does not wait for those.
        if (isFirst)
            _ = WriteAsync();
        await gone.WaitAsync(cancellationToken).ConfigureAwait(false);
        lock (_gate)
            ThrowIfBroken();
    }

    // Never throws: a failure is told to all who wait, and ends the connection.
    private async Task WriteAsync()
    {
        while (TryTakeWaiting(out TaskCompletionSource? gone))
        {
            bool isGood = await TryWriteAsync(_leaving.GetBuffer().AsMemory(0, (int)_leaving.Length)).ConfigureAwait(false);
            if (!isGood)
                Break();
            gone?.SetResult();
        }
    }

    private async Task<bool> TryWriteAsync(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            using var deadline = new CancellationTokenSource(Timeout.InfiniteTimeSpan, clock.TimeProvider);
            while (!bytes.IsEmpty)
            {
                int length = Math.Min(bytes.Length, PieceSize);
                deadline.CancelAfter(timeout);
                await stream.WriteAsync(bytes[..length], deadline.Token).ConfigureAwait(false);
                bytes = bytes[length..];
            }

            return true;
        }
        catch (Exception error) when (error is IOException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
        {
            // The client is gone, or takes nothing: said to the senders by the result. (A TLS stream says so by InvalidOperationException.)
            return false;
        }
    }

    private bool TryTakeWaiting(out TaskCompletionSource? gone)
    {
        lock (_gate)
        {
            gone = _waitingGone;
            _waitingGone = null;
            if (_leaving.Capacity > KeptSize)
                _leaving = new MemoryStream();
            if (_waiting.Length == 0 || _isBroken)
            {
                _isWriting = false;
                gone?.SetResult();
                return false;
            }

            (_waiting, _leaving) = (_leaving, _waiting);
            _waiting.SetLength(0);
            return true;
        }
    }

    private void Break()
    {
        lock (_gate)
            _isBroken = true;
        abort();
    }

    private void AppendLocked(ReadOnlySpan<byte> message)
    {
        Span<byte> prefix = stackalloc byte[PrefixLength];
        BinaryPrimitives.WriteUInt16BigEndian(prefix, (ushort)message.Length);
        _waiting.Write(prefix);
        _waiting.Write(message);
    }

    private void ThrowIfBroken()
    {
        if (_isBroken)
            throw new OperationCanceledException("The connection has ended.");
    }
}
