using System.IO.Pipelines;

namespace Btmm.Core.Tests.Dns.Push;

/// <summary>One end of a connection in memory.</summary>
internal sealed class PipeStream(PipeReader reader, PipeWriter writer) : Stream
{
    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <summary>Both ends of a new connection.</summary>
    internal static (PipeStream One, PipeStream Other) Pair()
    {
        Pipe there = new(), back = new();
        return (new PipeStream(there.Reader, back.Writer), new PipeStream(back.Reader, there.Writer));
    }

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        reader.AsStream(leaveOpen: true).ReadAsync(buffer, cancellationToken);

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if ((await writer.WriteAsync(buffer, cancellationToken)).IsCompleted) throw new IOException("The other end is closed.");
    }

    protected override void Dispose(bool disposing)
    {
        reader.Complete();
        writer.Complete();
        base.Dispose(disposing);
    }
}
