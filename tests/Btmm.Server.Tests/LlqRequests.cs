using System.Net;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Edns;
using Btmm.Protocol.Dns.Tsig;
using Btmm.Server.LongLivedQueries;

namespace Btmm.Server.Tests;

/// <summary>What a client of long-lived queries does, for tests of the server.</summary>
internal static class LlqRequests
{
    internal const uint Lease = 3600;

    internal static LlqOption Setup(ulong id = 0, uint lease = Lease, ushort port = 0) => new(LlqOpcode.Setup, (LlqError)port, id, lease);

    internal static LlqOption Refresh(ulong id, uint lease = Lease, ushort port = 0) => new(LlqOpcode.Refresh, (LlqError)port, id, lease);

    internal static DnsMessage Request(DnsName name, DnsType type, params EdnsOption[] options) => ServerHarness.Query(name, type, new EdnsInfo(options));

    /// <summary>The one option of an answer.</summary>
    internal static LlqOption Option(this DnsMessage message) => Assert.IsType<LlqOption>(Assert.Single(message.Edns!.Options));

    /// <summary>The four messages of a set-up by datagrams; gives the last one.</summary>
    internal static async Task<DnsMessage> EstablishAsync(this ServerHarness server, DnsName name, DnsType type, TsigKey? key, IPEndPoint? client = null)
    {
        DnsMessage challenge = await server.AskAsync(Request(name, type, Setup()), key, client);
        DnsMessage answer = await server.AskAsync(Request(name, type, challenge.Option()), key, client);
        Assert.Equal(LlqError.NoError, answer.Option().Error);
        return answer;
    }

    /// <summary>The next datagram that the server sends.</summary>
    internal static byte[] TakeDatagram(this ServerHarness server, out IPEndPoint client)
    {
        Assert.True(server.Llq.TryTakeOutput(out LlqOutput output), "No event was sent.");
        client = output.Client.EndPoint;
        byte[] buffer = new byte[DnsMessage.MaxSize];
        return buffer[..output.Write(buffer)];
    }

    internal static DnsMessage TakeEvent(this ServerHarness server, out IPEndPoint client)
    {
        Assert.True(DnsMessage.TryParse(server.TakeDatagram(out client), out DnsMessage? message));
        return message;
    }

    /// <summary>The acknowledgement of an event (RFC 8764 §6.3): no answer comes.</summary>
    internal static async Task AcknowledgeAsync(this ServerHarness server, DnsMessage sent, IPEndPoint client) =>
        Assert.Null(await server.SendAsync((sent with { Answers = [], Additional = [sent.Edns!.ToRecord()] }).ToArray(), client));
}
