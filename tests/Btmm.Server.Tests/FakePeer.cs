using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using Btmm.Server.Requests;

namespace Btmm.Server.Tests;

/// <summary>A client's connection that keeps what is sent; it can stop taking anything.</summary>
internal sealed class FakePeer(string address = "192.0.2.99", bool isTls = true) : IStreamPeer, IDisposable
{
    private static int s_lastPort = 1024;

    private readonly CancellationTokenSource _closed = new();
    private TaskCompletionSource? _stalled;

    public RequestOrigin Origin { get; } = new(
        new IPEndPoint(IPAddress.Parse(address), Interlocked.Increment(ref s_lastPort)), 0, isTls ? DnsTransportKind.Tls : DnsTransportKind.Tcp);

    public TimeSpan IdleTimeout => TimeSpan.FromSeconds(30);

    public CancellationToken Closed => _closed.Token;

    public ReadOnlyMemory<byte> CertificateHash { get; } = isTls ? SHA256.HashData("the server's certificate"u8) : Array.Empty<byte>();

    internal ConcurrentQueue<byte[]> Sent { get; } = new();

    internal bool IsHeldOpen { get; private set; }

    internal bool IsAborted { get; private set; }

    public void HoldOpen() => IsHeldOpen = true;

    public void LetGo() => IsHeldOpen = false;

    public async ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        if (_stalled is { } stalled)
            await stalled.Task.WaitAsync(cancellationToken);
        Closed.ThrowIfCancellationRequested();
        Sent.Enqueue(message.ToArray());
    }

    public void Abort()
    {
        IsAborted = true;
        Close();
    }

    public void Dispose() => _closed.Dispose();

    internal void Close() => _closed.Cancel();

    internal void Stall() => _stalled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    internal void GoOn()
    {
        TaskCompletionSource? stalled = _stalled;
        _stalled = null;
        stalled?.SetResult();
    }

    /// <summary>The client takes too long: its send fails.</summary>
    internal void GiveUp() => _stalled?.SetException(new OperationCanceledException());
}
