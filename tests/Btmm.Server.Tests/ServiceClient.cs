using System.Net;
using System.Net.Sockets;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Tsig;

namespace Btmm.Server.Tests;

/// <summary>Asks a running service over UDP, on the system's clock; signed when a key is given.</summary>
internal static class ServiceClient
{
    private static int s_nextId;

    internal static async Task<DnsMessage> AskAsync(IPEndPoint server, DnsMessage message, TsigKey? key)
    {
        byte[] buffer = new byte[DnsMessage.MaxSize];
        Assert.True((message with { Id = (ushort)Interlocked.Increment(ref s_nextId) }).TryWrite(buffer, out int length));
        using TsigClientTransaction? tsig = key is null ? null : new TsigClientTransaction(key);
        if (tsig is not null)
            Assert.True(tsig.TrySignRequest(buffer, length, DateTimeOffset.UtcNow, out length));
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(server);
        await socket.SendAsync(buffer.AsMemory(0, length));
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        length = await socket.ReceiveAsync(buffer, patience.Token);
        Assert.True(DnsMessage.TryParse(buffer.AsSpan(0, length), out DnsMessage? reply));
        return reply;
    }

    internal static async Task<DnsRcode> QueryAsync(IPEndPoint server, DnsName name, DnsType type, TsigKey? key = null) =>
        (await AskAsync(server, ServerHarness.Query(name, type), key)).Rcode;

    internal static async Task<DnsRcode> UpdateAsync(IPEndPoint server, DnsName zone, TsigKey key, params DnsRecord[] updates) =>
        (await AskAsync(server, ServerHarness.Update(zone, updates), key)).Rcode;
}
