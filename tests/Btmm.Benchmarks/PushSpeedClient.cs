using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Dso;
using Btmm.Protocol.Dns.Push;
using Btmm.Protocol.Dns.Tsig;

namespace Btmm.Benchmarks;

/// <summary>One TLS connection with a session and its subscriptions; remembers when it was told of a number.</summary>
internal sealed class PushSpeedClient : IAsyncDisposable
{
    private readonly SslStream _stream;
    private readonly PushClientSession _session = new(DsoTimeouts.From(TimeSpan.FromMinutes(1), TimeSpan.FromHours(1)));
    private readonly byte[] _buffer = new byte[DnsMessage.MaxSize];

    private PushSpeedClient(SslStream stream) => _stream = stream;

    /// <summary>Changes told since this was set to 0.</summary>
    internal int Changes { get; set; }

    /// <summary>When the last of them came.</summary>
    internal long ToldAt { get; private set; }

    private static TimeSpan Now => Stopwatch.GetElapsedTime(0);

    internal static async Task<PushSpeedClient> ConnectAsync(IPEndPoint server, TsigKey key, IReadOnlyList<DnsQuestion> questions)
    {
        var socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(server);
        var stream = new SslStream(new NetworkStream(socket, ownsSocket: true));
        // Whose the certificate is makes no difference to the time.
        await stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "ns." + PushSpeedServer.Zone, RemoteCertificateValidationCallback = static (_, _, _, _) => true,
        });
        var client = new PushSpeedClient(stream);
        await client.ProveAsync(key);
        await client.SubscribeAsync(questions);
        return client;
    }

    /// <summary>Reads until the connection ends.</summary>
    internal async Task ListenAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
                await HearAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            return; // the measurement is over
        }
    }

    public ValueTask DisposeAsync() => _stream.DisposeAsync();

    private async Task ProveAsync(TsigKey key)
    {
        byte[] hash = SHA256.HashData(_stream.RemoteCertificate?.GetRawCertData() ?? []);
        DnsName name = PushAuthorization.NameFor(hash, PushSpeedServer.Zone, RandomNumberGenerator.GetBytes(PushAuthorization.NonceSize))
            ?? throw new InvalidOperationException("The zone's name is too long.");
        new DnsMessage { Id = 1, Questions = [new DnsQuestion(name, DnsType.TXT)] }.TryWrite(_buffer, out int length);
        using var tsig = new TsigClientTransaction(key);
        tsig.TrySignRequest(_buffer, length, DateTimeOffset.UtcNow, out length);
        await SendAsync(_buffer.AsMemory(0, length).ToArray());
        length = await ReceiveAsync(CancellationToken.None);
        if (!DnsHeader.TryRead(_buffer.AsSpan(0, length), out DnsHeader header) || header.Rcode != DnsRcode.NoError)
            throw new InvalidOperationException($"The key was not accepted: {header.Rcode}.");
    }

    private async Task SubscribeAsync(IReadOnlyList<DnsQuestion> questions)
    {
        _session.Start(Now);
        foreach (DnsQuestion question in questions)
            _session.Subscribe(Now, question);
        using var all = new MemoryStream();
        while (_session.TryTakeOutput(out ReadOnlyMemory<byte> message))
        {
            all.Write([(byte)(message.Length >> 8), (byte)message.Length]);
            all.Write(message.Span);
        }

        await _stream.WriteAsync(all.ToArray());
        for (int accepted = 0; accepted < questions.Count;)
            accepted += await HearAsync(CancellationToken.None);
    }

    // The number of subscriptions accepted by the message.
    private async Task<int> HearAsync(CancellationToken cancellationToken)
    {
        int length = await ReceiveAsync(cancellationToken);
        _session.HandleMessage(Now, _buffer.AsSpan(0, length));
        int accepted = 0;
        while (_session.TryTakeEvent(out PushEvent happened))
        {
            accepted += happened.Kind == PushEventKind.Subscribed ? 1 : 0;
            if (happened.Kind is PushEventKind.Refused or PushEventKind.Ended)
                throw new InvalidOperationException($"{happened.Kind}: {happened.Rcode}.");
            if (happened.Kind != PushEventKind.Added)
                continue;
            Changes++;
            ToldAt = Stopwatch.GetTimestamp();
        }

        return accepted;
    }

    private async Task SendAsync(byte[] message) => await _stream.WriteAsync((byte[])[(byte)(message.Length >> 8), (byte)message.Length, .. message]);

    private async Task<int> ReceiveAsync(CancellationToken cancellationToken)
    {
        await _stream.ReadExactlyAsync(_buffer.AsMemory(0, 2), cancellationToken);
        int length = BinaryPrimitives.ReadUInt16BigEndian(_buffer);
        await _stream.ReadExactlyAsync(_buffer.AsMemory(0, length), cancellationToken);
        return length;
    }
}
