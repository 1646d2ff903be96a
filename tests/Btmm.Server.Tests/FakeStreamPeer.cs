using System.Net;
using Btmm.Protocol.Dns;
using Btmm.Server.Requests;

namespace Btmm.Server.Tests;

/// <summary>A connection that keeps what is sent over it; it can be made to take nothing, or to end.</summary>
internal sealed class FakeStreamPeer : IStreamPeer, IDisposable
{
    private readonly CancellationTokenSource _closed = new();

    internal FakeStreamPeer(string client = "198.51.100.7", int port = 50_000, DnsTransportKind transport = DnsTransportKind.Tls) =>
        Origin = new RequestOrigin(new IPEndPoint(IPAddress.Parse(client), port), 0, transport);

    public RequestOrigin Origin { get; }

    public CancellationToken Closed => _closed.Token;

    public ReadOnlyMemory<byte> CertificateHash => default;

    internal Queue<byte[]> Sent { get; } = new();

    internal bool IsHeldOpen { get; private set; }

    internal bool IsAborted { get; private set; }

    /// <summary>Every message waits for it before it is taken; null when the client reads at once.</summary>
    internal TaskCompletionSource? Gate { get; set; }

    public void HoldOpen() => IsHeldOpen = true;

    public async ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        if (Gate is { } gate)
            await gate.Task.WaitAsync(_closed.Token);
        _closed.Token.ThrowIfCancellationRequested();
        Sent.Enqueue(message.ToArray());
    }

    public void Abort()
    {
        IsAborted = true;
        Close();
    }

    internal void Close() => _closed.Cancel();

    internal DnsMessage Take()
    {
        Assert.True(Sent.TryDequeue(out byte[]? bytes), "Nothing was sent over the connection.");
        Assert.True(DnsMessage.TryParse(bytes, out DnsMessage? message));
        return message;
    }

    public void Dispose() => _closed.Dispose();
}
