using System.Buffers.Binary;
using System.Net;
using Btmm.Core.Contracts;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Tsig;
using Btmm.TestKit;

namespace Btmm.Core.Tests.Dns;

/// <summary>A name server on a virtual wire whose answers the test decides. Signs answers to requests signed with one of its keys.</summary>
internal sealed class FakeNameServer : IStreamDialer, IAsyncDisposable
{
    private readonly IDatagramChannel _channel;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();
    private readonly List<(DnsMessage Message, IPEndPoint From, bool IsStream)> _requests = [];
    private readonly Task _loop;

    public FakeNameServer(VirtualWire wire, TimeProvider time, string address = "192.0.2.53", int port = 53, params TsigKey[] keys)
    {
        _time = time;
        Keys = new TsigKeyRing(keys);
        EndPoint = new IPEndPoint(IPAddress.Parse(address), port);
        _channel = wire.Host(address).Open(new DatagramChannelOptions(EndPoint));
        _loop = Task.Run(RunAsync);
    }

    public IPEndPoint EndPoint { get; }

    public ITsigKeyRing Keys { get; set; }

    /// <summary>The answers to a request, in order; an answer to a request of the same id is completed with id and question.</summary>
    public Func<DnsMessage, IEnumerable<DnsMessage>> Answer { get; set; } = static _ => [];

    /// <summary>Whether answers to signed requests are signed.</summary>
    public bool SignsAnswers { get; set; } = true;

    public bool IsDown { get; set; }

    public IReadOnlyList<(DnsMessage Message, IPEndPoint From, bool IsStream)> Requests
    {
        get
        {
            lock (_gate) return [.. _requests];
        }
    }

    /// <summary>An answer to a request.</summary>
    public static DnsMessage Reply(DnsMessage request, DnsRcode rcode = DnsRcode.NoError, params IReadOnlyList<DnsRecord> answers) => new()
    {
        Id = request.Id,
        Flags = DnsFlags.Response | DnsFlags.Authoritative,
        Opcode = request.Opcode,
        Rcode = rcode,
        Questions = request.Questions,
        Answers = answers,
    };

    public async Task SendAsync(DnsMessage message, IPEndPoint to) => await _channel.SendAsync(message.ToArray(), to, _stop.Token);

    public ValueTask<Stream> ConnectAsync(IPEndPoint remote, CancellationToken cancellationToken)
    {
        Assert.Equal(EndPoint, remote);
        return ValueTask.FromResult<Stream>(new FakeConnection(bytes => Handle(bytes, remote, isStream: true)));
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _channel.DisposeAsync();
        await ((Task)_loop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        byte[] buffer = new byte[DnsMessage.MaxSize];
        while (true)
        {
            ReceivedDatagram datagram = await _channel.ReceiveAsync(buffer, _stop.Token);
            foreach (byte[] answer in Handle(buffer[..datagram.Length], datagram.Remote, isStream: false))
                await _channel.SendAsync(answer, datagram.Remote, _stop.Token);
        }
    }

    private List<byte[]> Handle(byte[] bytes, IPEndPoint from, bool isStream)
    {
        if (!DnsMessage.TryParse(bytes, out DnsMessage? request) || IsDown) return [];
        lock (_gate) _requests.Add((request, from, isStream));
        var tsig = new TsigServerTransaction();
        tsig.Verify(bytes, Keys, _time.GetUtcNow());
        IEnumerable<DnsMessage> answers = tsig.Rcode == DnsRcode.NoError ? Answer(request) : [Reply(request, tsig.Rcode)];
        return [.. answers.Select(answer => Encode(answer, tsig, isStream))];
    }

    private byte[] Encode(DnsMessage answer, TsigServerTransaction tsig, bool isStream)
    {
        byte[] buffer = new byte[DnsMessage.MaxSize];
        int limit = isStream ? buffer.Length : 1232;
        Assert.True(answer.TryWriteTruncating(buffer.AsSpan(0, limit - tsig.SignatureSize), out int length));
        if (SignsAnswers) Assert.True(tsig.TrySignResponse(buffer, length, _time.GetUtcNow(), out length));
        return buffer[..length];
    }

    /// <summary>A connection that answers each framed request at once.</summary>
    private sealed class FakeConnection(Func<byte[], List<byte[]>> handle) : Stream
    {
        private readonly MemoryStream _answers = new();

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
            int read = await _answers.ReadAsync(buffer[..Math.Min(buffer.Length, 7)], cancellationToken); // in small pieces
            if (read == 0) await Task.Delay(Timeout.Infinite, cancellationToken);
            return read;
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count)
        {
            Assert.Equal(count - sizeof(ushort), BinaryPrimitives.ReadUInt16BigEndian(buffer.AsSpan(offset)));
            foreach (byte[] answer in handle(buffer.AsSpan(offset + sizeof(ushort), count - sizeof(ushort)).ToArray()))
            {
                byte[] length = new byte[sizeof(ushort)];
                BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)answer.Length);
                _answers.Write(length);
                _answers.Write(answer);
            }

            _answers.Position = 0;
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Write(buffer.ToArray(), 0, buffer.Length);
            return ValueTask.CompletedTask;
        }
    }
}
