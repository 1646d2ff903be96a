using System.Net;
using System.Net.Sockets;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Protocol.Dns.Edns;
using Btmm.Protocol.Dns.Tsig;
using Btmm.Protocol.Dns.Update;

namespace Btmm.Interop.Tests;

/// <summary>
/// A client that sends one signed update after the other, each of several records of two names, and remembers which were
/// acknowledged. Belongs to one task at a time.
/// </summary>
internal sealed class ServerStoreClient(DnsName zone, TsigKey key, int number)
{
    internal static readonly TimeSpan Lease = TimeSpan.FromHours(1);

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private ushort _id;

    internal List<(DateTimeOffset Before, DateTimeOffset After)> Acknowledged { get; } = [];

    /// <summary>Where the client notes its latest update.</summary>
    internal DnsName Last => zone.PrependLabels($"last.c{number}");

    /// <summary>The name that one update is about.</summary>
    internal DnsName NameOf(int update) => zone.PrependLabels($"u{update}.c{number}");

    /// <summary>Ends <see cref="RunAsync"/> after the update that is under way.</summary>
    internal bool IsDone { get; set; }

    /// <summary>Sends updates until the server is gone, which the token says; tells when the first was acknowledged.</summary>
    internal async Task RunAsync(IPEndPoint server, TaskCompletionSource firstAnswer, CancellationToken gone)
    {
        using var socket = new Socket(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(server);
        try
        {
            while (!IsDone)
            {
                int next = Acknowledged.Count;
                DateTimeOffset before = DateTimeOffset.UtcNow;
                DnsMessage reply = await ExchangeAsync(socket, Update(next).Build(++_id, new UpdateLeaseOption((uint)Lease.TotalSeconds)), gone);
                Assert.Equal(DnsRcode.NoError, reply.Rcode);
                Acknowledged.Add((before, DateTimeOffset.UtcNow));
                firstAnswer.TrySetResult();
            }
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException)
        {
            // The server was killed: what was under way stays in doubt.
            Assert.True(firstAnswer.Task.IsCompleted, error.Message);
        }
    }

    /// <summary>
    /// Asks the server after its restart. An update that was not acknowledged may have been applied, but as a whole; then it
    /// counts from now on.
    /// </summary>
    internal async Task CheckAsync(IPEndPoint server, int from)
    {
        using var socket = new Socket(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(server);
        DnsMessage last = await AskAsync(socket, Last, DnsType.TXT);
        int count = last.Answers.Count == 0 ? 0 : Value(Assert.Single(last.Answers)) + 1;
        Assert.InRange(count, Acknowledged.Count, Acknowledged.Count + 1);
        for (int update = from; update <= Acknowledged.Count; update++)
        {
            int expected = update < count ? 1 : 0;
            foreach (DnsType type in new[] { DnsType.A, DnsType.AAAA, DnsType.TXT })
                Assert.Equal(expected, (await AskAsync(socket, NameOf(update), type)).Answers.Count);
        }

        if (count > Acknowledged.Count)
            Acknowledged.Add((DateTimeOffset.UtcNow - s_patience, DateTimeOffset.UtcNow));
    }

    private static int Value(DnsRecord record) => int.Parse(record.Data.ToString()!.Trim('"'), System.Globalization.CultureInfo.InvariantCulture);

    private DnsUpdateBuilder Update(int update)
    {
        var text = new TxtData($"{update}");
        return new DnsUpdateBuilder(zone)
            .Add(NameOf(update), 60, new AData(IPAddress.Parse("192.0.2.1")))
            .Replace(Last, 60, text)
            .Add(NameOf(update), 60, new AaaaData(IPAddress.Parse("fd00::1")))
            .Add(NameOf(update), 60, text);
    }

    private Task<DnsMessage> AskAsync(Socket socket, DnsName name, DnsType type) =>
        ExchangeAsync(socket, new DnsMessage { Id = ++_id, Questions = [new DnsQuestion(name, type)] }, CancellationToken.None);

    private async Task<DnsMessage> ExchangeAsync(Socket socket, DnsMessage message, CancellationToken gone)
    {
        byte[] buffer = new byte[DnsMessage.MaxSize];
        Assert.True(message.TryWrite(buffer, out int length));
        using var tsig = new TsigClientTransaction(key);
        Assert.True(tsig.TrySignRequest(buffer, length, DateTimeOffset.UtcNow, out length));
        await socket.SendAsync(buffer.AsMemory(0, length));
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(gone);
        patience.CancelAfter(s_patience);
        length = await socket.ReceiveAsync(buffer, patience.Token);
        Assert.Equal(TsigStatus.Valid, tsig.VerifyResponse(buffer.AsSpan(0, length), DateTimeOffset.UtcNow).Status);
        Assert.True(DnsMessage.TryParse(buffer.AsSpan(0, length), out DnsMessage? reply));
        Assert.Equal(message.Id, reply.Id);
        return reply;
    }
}
