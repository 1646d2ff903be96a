namespace Btmm.Core.NatTraversal;

/// <summary>Runs operations one at a time, in the order of the calls. Thread-safe.</summary>
internal sealed class Turn
{
    private readonly SemaphoreSlim _one = new(1, 1); // Not disposed of: that would leave whoever waits to wait for ever.
    private volatile bool _isClosed;

    /// <summary>Runs an operation when its turn has come.</summary>
    /// <param name="operation">What to run.</param>
    /// <param name="cancellationToken">Ends the wait for the turn; the operation looks at its own.</param>
    /// <exception cref="ObjectDisposedException"><see cref="Close"/> was called before the turn came.</exception>
    internal async Task<T> RunAsync<T>(Func<Task<T>> operation, CancellationToken cancellationToken)
    {
        await _one.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            ObjectDisposedException.ThrowIf(_isClosed, this);
            return await operation().ConfigureAwait(false);
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>No operation begins from now on. The owner ends the one under way by disposing of what it works with.</summary>
    internal void Close() => _isClosed = true;

    /// <summary>After <see cref="Close"/>: waits until the operation under way and those that wait have ended.</summary>
    internal async Task WhenIdleAsync()
    {
        await _one.WaitAsync().ConfigureAwait(false);
        _one.Release();
    }
}
