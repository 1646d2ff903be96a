namespace Btmm.TestKit;

/// <summary>
/// One empty network namespace with loopback up, for tests that need a network stack of their own but no lab. Removed when
/// disposed. Thread-safe except for disposal.
/// </summary>
public sealed class TestNamespace : IDisposable
{
    private static int s_count;

    private readonly EventHandler _atExit;
    private bool _disposed;

    /// <summary>Makes a namespace.</summary>
    public TestNamespace()
    {
        Name = FormattableString.Invariant($"btn{Environment.ProcessId}x{Interlocked.Increment(ref s_count)}");
        Command.Run("ip", ["netns", "add", Name]).Require();
        _atExit = (_, _) => Dispose();
        AppDomain.CurrentDomain.ProcessExit += _atExit;
        Ip("link", "set", "lo", "up");
    }

    /// <summary>The namespace's name.</summary>
    public string Name { get; }

    /// <summary>Sockets of the namespace.</summary>
    public NamespaceNetwork Network => new(Name);

    /// <summary>Runs <c>ip</c> with arguments inside the namespace.</summary>
    public string Ip(params string[] arguments) => Command.Run("ip", ["-n", Name, .. arguments]).Require();

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        AppDomain.CurrentDomain.ProcessExit -= _atExit;
        Command.Run("ip", ["netns", "del", Name]).Require();
    }
}
