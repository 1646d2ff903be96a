using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;

namespace Btmm.TestKit;

/// <summary>
/// One end of a TCP connection over a <see cref="VirtualWire"/>: a duplex stream with a window, so that a writer whose reader
/// does not read waits. Disposal closes both ways. One reader and one writer at a time.
/// </summary>
public sealed class VirtualConnection : Stream
{
    private const int Window = 64 * 1024;

    private readonly PipeReader _input;
    private readonly PipeWriter _output;
    private readonly Stream _reading;
    private readonly Func<CancellationToken, Task> _pass;
    private readonly CancellationTokenSource _closed = new();

    private VirtualConnection(
        IPEndPoint local, IPEndPoint remote, PipeReader input, PipeWriter output, Func<CancellationToken, Task> pass)
    {
        LocalEndPoint = local;
        RemoteEndPoint = remote;
        _input = input;
        _output = output;
        _reading = input.AsStream(leaveOpen: true);
        _pass = pass;
    }

    /// <summary>This end.</summary>
    public IPEndPoint LocalEndPoint { get; }

    /// <summary>The other end.</summary>
    public IPEndPoint RemoteEndPoint { get; }

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <inheritdoc/>
    /// <exception cref="IOException">The connection is broken, or this end was closed meanwhile.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _closed.Token);
        try
        {
            return await _reading.ReadAsync(buffer, either.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (_closed.IsCancellationRequested && e is OperationCanceledException or InvalidOperationException)
        {
            throw Broken(SocketError.OperationAborted); // The pipe forgets a read that is pending when its reader ends.
        }
    }

    /// <inheritdoc/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    /// <exception cref="IOException">The other end is closed.</exception>
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await _pass(cancellationToken).ConfigureAwait(false);
        FlushResult result = await _output.WriteAsync(buffer, cancellationToken).ConfigureAwait(false);
        if (result.IsCompleted) throw Broken(SocketError.ConnectionReset);
    }

    /// <inheritdoc/>
    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("asynchronous only");

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("asynchronous only");

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <summary>Breaks the connection: the other end's reads fail with this error.</summary>
    public void Abort(SocketError error)
    {
        _output.Complete(Broken(error));
        _input.Complete();
    }

    /// <summary>Two ends of one connection.</summary>
    internal static (VirtualConnection Client, VirtualConnection Server) Pair(
        IPEndPoint client, IPEndPoint server, Func<CancellationToken, Task> pass)
    {
        PipeOptions options = new(pauseWriterThreshold: Window, resumeWriterThreshold: Window / 2);
        Pipe up = new(options);
        Pipe down = new(options);
        return (new(client, server, down.Reader, up.Writer, pass), new(server, client, up.Reader, down.Writer, pass));
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _closed.Cancel();
            _output.Complete();
            _input.Complete();
        }

        base.Dispose(disposing);
    }

    private static IOException Broken(SocketError error) => new("The connection is broken.", new SocketException((int)error));
}
