using Btmm.Server.Hosting;
using Btmm.Server.Transport;
using Btmm.TestKit;
using Microsoft.Extensions.Time.Testing;

namespace Btmm.Server.Tests;

public sealed class StreamSenderTests
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(10);

    private readonly FakeTimeProvider _time = new();
    private readonly SlowStream _stream = new();
    private readonly StreamSender _sender;
    private int _aborts;

    public StreamSenderTests() => _sender = new StreamSender(_stream, new ServiceClock(_time), s_timeout, () => _aborts++);

    [Fact]
    [Trait("rfc", "7766§8")]
    public async Task Messages_ThatComeWhileOthersLeave_GoInOneWrite()
    {
        Task first = _sender.SendAsync(new byte[] { 1 }, CancellationToken.None).AsTask();
        Task[] others = [.. Enumerable.Range(2, 50).Select(i => _sender.SendAsync(new[] { (byte)i }, CancellationToken.None).AsTask())];
        Assert.Equal([3], _stream.Sizes);
        _stream.Take();
        await first;
        await Eventually.HoldsAsync(() => _stream.Sizes.Length == 2, "the next write");
        Assert.Equal([3, 150], _stream.Sizes);
        Assert.All(others, other => Assert.False(other.IsCompleted));
        _stream.Take();
        await Task.WhenAll(others);
        Assert.Equal(Enumerable.Range(1, 51).SelectMany(i => new byte[] { 0, 1, (byte)i }), _stream.Written);
    }

    [Fact]
    public async Task Client_ThatTakesNothing_EndsTheConnectionForAllWhoSend()
    {
        Task first = _sender.SendAsync(new byte[100], CancellationToken.None).AsTask();
        Task second = _sender.SendAsync(new byte[100], CancellationToken.None).AsTask();
        _time.Advance(s_timeout - TimeSpan.FromTicks(1));
        Assert.Equal(0, _aborts);
        _time.Advance(TimeSpan.FromTicks(1));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _sender.SendAsync(new byte[1], CancellationToken.None).AsTask());
        Assert.Equal(1, _aborts);
    }

    [Fact]
    public async Task Senders_WithMuchToSay_WaitTheirTurn()
    {
        Task[] sends = [.. Enumerable.Range(0, 20).Select(_ => _sender.SendAsync(new byte[60_000], CancellationToken.None).AsTask())];
        while (!Task.WhenAll(sends).IsCompleted)
        {
            Assert.True(_stream.Sizes[^1] <= 16 * 1024);
            _stream.Take();
            await Task.Yield();
        }

        await Task.WhenAll(sends);
        Assert.Equal(20 * 60_002, _stream.Written.Count);
    }

    [Fact]
    public async Task Cancellation_OfOneSender_LeavesTheOthersAlone()
    {
        using var cancellation = new CancellationTokenSource();
        Task first = _sender.SendAsync(new byte[] { 1 }, cancellation.Token).AsTask();
        Task second = _sender.SendAsync(new byte[] { 2 }, CancellationToken.None).AsTask();
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        _stream.Take();
        _stream.Take();
        await second;
        Assert.Equal(0, _aborts);
    }

    /// <summary>A stream each write to which lasts until the test takes it.</summary>
    private sealed class SlowStream : Stream
    {
        private readonly Lock _gate = new();
        private readonly SemaphoreSlim _takes = new(0);

        private readonly List<int> _sizes = [];

        internal int[] Sizes
        {
            get
            {
                lock (_gate)
                    return [.. _sizes];
            }
        }

        internal List<byte> Written { get; } = [];

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            lock (_gate)
            {
                _sizes.Add(buffer.Length);
                Written.AddRange(buffer.Span);
            }

            await _takes.WaitAsync(cancellationToken);
        }

        internal void Take() => _takes.Release();
    }
}
