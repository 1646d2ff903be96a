using System.Net;
using System.Net.Sockets;
using Btmm.Core.Contracts;

namespace Btmm.Server.Tests;

/// <summary>Real connections, with the bytes that came over the last one counted.</summary>
internal sealed class SocketDialer : IStreamDialer
{
    private CountingStream? _last;

    /// <summary>Bytes received over the last connection.</summary>
    internal long Received => _last?.Received ?? 0;

    /// <summary>Lets nothing more come over the last connection, and does not say so.</summary>
    internal void Cut() => _last?.Cut();

    /// <summary>Connections made.</summary>
    internal int Count { get; private set; }

    public async ValueTask<Stream> ConnectAsync(IPEndPoint remote, CancellationToken cancellationToken)
    {
        var socket = new Socket(remote.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(remote, cancellationToken);
        Count++;
        return _last = new CountingStream(new NetworkStream(socket, ownsSocket: true));
    }

    private sealed class CountingStream(Stream inner) : Stream
    {
        private volatile bool _isCut;

        internal long Received { get; private set; }

        internal void Cut() => _isCut = true;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            int read = await inner.ReadAsync(buffer, cancellationToken);
            if (_isCut)
                await Task.Delay(Timeout.Infinite, cancellationToken);
            Received += read;
            return read;
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => inner.WriteAsync(buffer, cancellationToken);

        protected override void Dispose(bool disposing)
        {
            inner.Dispose();
            base.Dispose(disposing);
        }
    }
}
