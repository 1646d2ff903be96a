using System.Net;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Edns;
using Btmm.Protocol.Dns.Tsig;

namespace Btmm.Server.Tests;

/// <summary>Bytes that no client of ours would send: no exception, no state, no answer larger than it should be.</summary>
public sealed class HostileInputTests : IDisposable
{
    private const int MutationSeed = 20260301;

    private readonly ServerHarness _server = new();

    public void Dispose() => _server.Dispose();

    [Fact]
    public async Task Messages_EveryTruncation_GetAtMostAnError()
    {
        foreach (byte[] message in Corpus())
        {
            for (int length = 0; length < message.Length; length++)
                await SendAndCheckAsync(message[..length]);
        }

        AssertUntouched();
    }

    [Fact]
    public async Task Messages_EverySingleByteChange_GetAtMostAnError()
    {
        foreach (byte[] message in Corpus())
        {
            for (int i = 0; i < message.Length; i++)
            {
                foreach (byte value in new byte[] { 0, 1, 0x7F, 0x80, 0xC0, 0xFF, (byte)(message[i] + 1), (byte)(message[i] ^ 0x20) })
                {
                    if (value == message[i])
                        continue;
                    byte[] changed = [.. message];
                    changed[i] = value;
                    await SendAndCheckAsync(changed);
                }
            }
        }
    }

    [Fact]
    public async Task Messages_RandomMutations_GetAtMostAnError()
    {
        var random = new Random(MutationSeed);
        byte[][] corpus = [.. Corpus(), .. Unsigned()];
        for (int round = 0; round < 100_000; round++)
        {
            byte[] message = [.. corpus[random.Next(corpus.Length)]];
            for (int k = random.Next(1, 6); k > 0; k--)
                message[random.Next(message.Length)] = (byte)random.Next(256);
            if (random.Next(4) == 0)
                message = message[..random.Next(message.Length)];
            await SendAndCheckAsync(message, stream: random.Next(2) == 0);
        }

        AssertUntouched();
    }

    [Fact]
    [Trait("rfc", "8764§8.1")]
    public async Task LlqSetups_FromManyForgedAddresses_LeaveNoState()
    {
        DnsMessage setup = ServerHarness.Query(_server.Name("_autotunnel._udp"), DnsType.PTR, new EdnsInfo(new LlqOption(LlqOpcode.Setup, LlqError.NoError, 0, 3600)));
        for (int i = 0; i < 20_000; i++)
        {
            var client = new IPEndPoint(new IPAddress([10, (byte)(i >> 16), (byte)(i >> 8), (byte)i]), 1024 + (i % 60_000));
            DnsMessage reply = await _server.AskAsync(setup, _server.Key, client);
            Assert.Equal(LlqError.NoError, reply.Edns!.Find<LlqOption>()!.Error);
        }

        Assert.Equal(0, _server.Llq.Count);
        Assert.Null(_server.Llq.NextTimeout);
    }

    [Fact]
    [Trait("rfc", "8764§8.3")]
    public async Task LlqRequests_Unsigned_AreRefused()
    {
        foreach (LlqOption option in new[] { new LlqOption(LlqOpcode.Setup, LlqError.NoError, 0, 3600), new LlqOption(LlqOpcode.Refresh, LlqError.NoError, 77, 0) })
        {
            DnsMessage reply = await _server.AskAsync(ServerHarness.Query(_server.Name("studio"), DnsType.A, new EdnsInfo(option)), null);
            Assert.Equal(DnsRcode.Refused, reply.Rcode);
            Assert.Empty(reply.Edns!.Options);
        }
    }

    private async Task SendAndCheckAsync(byte[] message, bool stream = false)
    {
        byte[]? answer = await _server.SendAsync(message, stream: stream);
        if (answer is null)
            return;
        Assert.True(DnsMessage.TryParse(answer, out DnsMessage? reply), Convert.ToHexString(message));
        Assert.True(reply.IsResponse);
        Assert.True(stream || answer.Length <= EdnsInfo.SafeUdpPayloadSize);
    }

    private void AssertUntouched()
    {
        Assert.Null(_server.Zone.Current.Find(_server.Name("studio")));
        Assert.Equal(0, _server.Llq.Count);
        Assert.Equal(0, _server.Metrics.Read(Hosting.ServerCount.RequestsFailed));
    }

    private IEnumerable<byte[]> Unsigned()
    {
        DnsName studio = _server.Name("studio");
        DnsMessage[] messages =
        [
            ServerHarness.Query(studio, DnsType.A, new EdnsInfo()),
            ServerHarness.Query(_server.Name("_dns-llq._udp"), DnsType.SRV, new EdnsInfo(new LlqOption(LlqOpcode.Setup, LlqError.NoError, 0, 3600))),
            ServerHarness.Query(studio, DnsType.A, new EdnsInfo(new LlqOption(LlqOpcode.Event, LlqError.NoError, 99, 0))) with { Flags = DnsFlags.Response | DnsFlags.Authoritative },
            ServerHarness.Update(_server.Apex, [Records.A(studio, "192.0.2.1")], [Records.NameNotInUse(studio)], new UpdateLeaseOption(3600, 7200)),
        ];
        return messages.Select(message => (message with { Id = 77 }).ToArray());
    }

    // Signed with another secret: however they are changed, none of them can become valid.
    private IEnumerable<byte[]> Corpus()
    {
        using var wrong = new TsigKey(_server.Key.Name, TsigAlgorithm.HmacSha256, new byte[32]);
        foreach (byte[] message in Unsigned())
        {
            byte[] buffer = new byte[2048];
            message.CopyTo(buffer, 0);
            using var tsig = new TsigClientTransaction(wrong);
            Assert.True(tsig.TrySignRequest(buffer, message.Length, _server.Time.GetUtcNow(), out int length));
            yield return buffer[..length];
        }
    }
}
