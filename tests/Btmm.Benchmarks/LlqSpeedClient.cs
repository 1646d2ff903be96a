using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Edns;
using Btmm.Protocol.Dns.Tsig;

namespace Btmm.Benchmarks;

/// <summary>One client of <see cref="LlqSpeed"/>: a socket at an address of its own on loopback.</summary>
internal sealed class LlqSpeedClient : IDisposable
{
    private const uint Lease = 7200;
    private const int IdLength = 8;
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(2);

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly byte[] _buffer = new byte[4096];
    private readonly TsigKey _key;
    private ushort _lastId;

    internal LlqSpeedClient(IPAddress address, IPEndPoint server, TsigKey key)
    {
        _key = key;
        _socket.Bind(new IPEndPoint(address, 0));
        _socket.Connect(server);
    }

    /// <summary>When the last event came; 0 for not yet.</summary>
    internal long Told { get; set; }

    /// <summary>Sends a signed request until it is answered.</summary>
    internal async Task<DnsMessage> AskAsync(DnsMessage message)
    {
        byte[] request = new byte[4096];
        message = message with { Id = ++_lastId };
        using var tsig = new TsigClientTransaction(_key);
        if (!message.TryWrite(request, out int length) || !tsig.TrySignRequest(request, length, DateTimeOffset.UtcNow, out length))
            throw new InvalidOperationException("The request does not fit.");
        for (int attempt = 0; attempt < 5; attempt++)
        {
            await _socket.SendAsync(request.AsMemory(0, length));
            using var timer = new CancellationTokenSource(s_timeout);
            try
            {
                while (true)
                {
                    int received = await _socket.ReceiveAsync(_buffer, timer.Token);
                    if (DnsMessage.TryParse(_buffer.AsSpan(0, received), out DnsMessage? reply) && reply.Id == message.Id)
                        return reply.Rcode == DnsRcode.NoError ? reply : throw new InvalidOperationException($"The server said {reply.Rcode}.");
                }
            }
            catch (OperationCanceledException)
            {
                // again
            }
        }

        throw new InvalidOperationException("The server does not answer.");
    }

    /// <summary>Sets long-lived queries up, all in one message each way; gives their ids.</summary>
    internal async Task<ulong[]> EstablishAsync(params DnsQuestion[] questions)
    {
        LlqOption[] options = [.. questions.Select(static _ => new LlqOption(LlqOpcode.Setup, LlqError.NoError, 0, Lease))];
        for (int step = 0; step < 2; step++)
        {
            DnsMessage reply = await AskAsync(new DnsMessage { Questions = questions, Additional = [new EdnsInfo([.. options]).ToRecord()] });
            options = [.. reply.Edns?.Options.OfType<LlqOption>() ?? []];
            if (options.Length != questions.Length || options.Any(static option => option.Error != LlqError.NoError))
                throw new InvalidOperationException($"The set-up failed: {options.FirstOrDefault(static option => option.Error != LlqError.NoError)}");
        }

        return [.. options.Select(static option => option.Id)];
    }

    /// <summary>Takes the events of one query and acknowledges them, with as little work as possible, until cancelled.</summary>
    internal async Task WatchAsync(DnsQuestion question, ulong id, CancellationToken cancellationToken)
    {
        byte[] acknowledgement = new DnsMessage
        {
            Flags = DnsFlags.Response | DnsFlags.Authoritative,
            Questions = [question],
            Additional = [new EdnsInfo(new LlqOption(LlqOpcode.Event, LlqError.NoError, id, 0)).ToRecord()],
        }.ToArray();
        byte[] mark = new byte[IdLength];
        BinaryPrimitives.WriteUInt64BigEndian(mark, id);
        try
        {
            while (true)
            {
                int received = await _socket.ReceiveAsync(_buffer, cancellationToken);
                if (_buffer.AsSpan(0, received).IndexOf(mark) < 0)
                    continue;
                Told = Stopwatch.GetTimestamp();
                _buffer.AsSpan(0, sizeof(ushort)).CopyTo(acknowledgement);
                await _socket.SendAsync(acknowledgement, cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            return;
        }
    }

    public void Dispose() => _socket.Dispose();
}
