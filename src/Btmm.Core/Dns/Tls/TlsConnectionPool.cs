namespace Btmm.Core.Dns.Tls;

/// <summary>
/// Keeps connections to TLS servers for the next exchange (RFC 7766 §6.2.1, RFC 7858 §3.4), a few per server and for a short
/// time. Thread-safe. Disposing it closes those that nobody has.
/// </summary>
internal sealed class TlsConnectionPool(TlsConnector connector, TimeProvider time, TimeSpan idleTime) : IDisposable
{
    // Our own limits: exchanges at one time to one server are few.
    private const int MaxKept = 16;
    private const int MaxKeptPerServer = 4;

    private readonly Lock _gate = new();
    private readonly List<(TlsEndPoint Server, Stream Stream, long Since)> _kept = [];
    private ITimer? _timer;
    private bool _isDisposed;

    /// <summary>A connection for one exchange; whether it was used before tells if a failure may only mean that it had ended.</summary>
    internal async ValueTask<(Stream Stream, bool IsUsed)> TakeAsync(TlsEndPoint server, bool fresh, CancellationToken cancellationToken)
    {
        if (!fresh && TryTake(server) is { } kept)
            return (kept, true);
        return (await connector.ConnectAsync(server, cancellationToken).ConfigureAwait(false), false);
    }

    /// <summary>Gives a connection back on which nothing is outstanding.</summary>
    internal void Return(TlsEndPoint server, Stream stream)
    {
        lock (_gate)
        {
            if (!_isDisposed && _kept.Count < MaxKept && _kept.Count(item => item.Server.Equals(server)) < MaxKeptPerServer)
            {
                _kept.Add((server, stream, time.GetTimestamp()));
                _timer ??= time.CreateTimer(static pool => ((TlsConnectionPool)pool!).CloseOld(), this, idleTime, Timeout.InfiniteTimeSpan);
                return;
            }
        }

        stream.Dispose();
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _isDisposed = true;
            _timer?.Dispose();
        }

        Clear();
    }

    /// <summary>Closes the connections that are kept.</summary>
    internal void Clear()
    {
        Stream[] all;
        lock (_gate)
        {
            all = [.. _kept.Select(static item => item.Stream)];
            _kept.Clear();
        }

        foreach (Stream stream in all)
            stream.Dispose();
    }

    private Stream? TryTake(TlsEndPoint server)
    {
        lock (_gate)
        {
            // The last one returned is the least likely to have been closed by the server.
            int index = _kept.FindLastIndex(item => item.Server.Equals(server) && time.GetElapsedTime(item.Since) < idleTime);
            if (index < 0)
                return null;
            Stream stream = _kept[index].Stream;
            _kept.RemoveAt(index);
            return stream;
        }
    }

    private void CloseOld()
    {
        Stream[] old;
        lock (_gate)
        {
            old = [.. _kept.Where(IsOld).Select(static item => item.Stream)];
            _kept.RemoveAll(IsOld);
            _timer?.Dispose();
            _timer = _kept.Count == 0 || _isDisposed
                ? null
                : time.CreateTimer(static pool => ((TlsConnectionPool)pool!).CloseOld(), this, idleTime, Timeout.InfiniteTimeSpan);
        }

        foreach (Stream stream in old)
            stream.Dispose();
    }

    private bool IsOld((TlsEndPoint Server, Stream Stream, long Since) item) => time.GetElapsedTime(item.Since) >= idleTime;
}
