using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Tsig;

namespace Btmm.Server.Tests;

/// <summary>What the server makes of signatures (RFC 8945 §5.2) and that it changes nothing for bad ones.</summary>
public sealed class SignatureTests : IDisposable
{
    private readonly ServerHarness _server = new();

    public void Dispose() => _server.Dispose();

    [Fact]
    [Trait("rfc", "8945§5.2.1")]
    public async Task Key_Unknown_IsBadKeyUnsigned()
    {
        using var key = new TsigKey(DnsName.Parse("unknown.example.net"), TsigAlgorithm.HmacSha256, new byte[32]);
        DnsMessage reply = await RejectedAsync(key, TimeSpan.Zero);
        Assert.Equal(TsigError.BadKey, reply.TsigData!.Error);
        Assert.True(reply.TsigData.Mac.IsEmpty);
    }

    [Fact]
    [Trait("rfc", "8945§5.2.1")]
    public async Task Algorithm_NotTheKeys_IsBadKey()
    {
        using var key = new TsigKey(_server.Key.Name, TsigAlgorithm.HmacSha512, new byte[64]);
        Assert.Equal(TsigError.BadKey, (await RejectedAsync(key, TimeSpan.Zero)).TsigData!.Error);
    }

    [Fact]
    [Trait("rfc", "8945§5.2.2")]
    public async Task Secret_Wrong_IsBadSigUnsigned()
    {
        using var key = new TsigKey(_server.Key.Name, TsigAlgorithm.HmacSha256, new byte[32]);
        DnsMessage reply = await RejectedAsync(key, TimeSpan.Zero);
        Assert.Equal(TsigError.BadSig, reply.TsigData!.Error);
        Assert.True(reply.TsigData.Mac.IsEmpty);
    }

    [Theory]
    [Trait("rfc", "8945§5.2.3")]
    [InlineData(301)]
    [InlineData(-301)]
    [InlineData(86_400 * 400)]
    public async Task Clock_TooFarOff_IsBadTimeSignedWithTheServersTime(int seconds)
    {
        byte[] request = Sign(Update(), _server.Key, TimeSpan.FromSeconds(seconds), out TsigClientTransaction tsig);
        using (tsig)
        {
            byte[]? answer = await _server.SendAsync(request);
            TsigVerdict verdict = tsig.VerifyResponse(answer, _server.Time.GetUtcNow() + TimeSpan.FromSeconds(seconds));
            Assert.Equal(TsigStatus.RejectedByServer, verdict.Status);
            Assert.Equal(TsigError.BadTime, verdict.ServerError);
            Assert.True(verdict.IsAuthentic);
            Assert.Equal(_server.Time.GetUtcNow(), verdict.ServerTime);
        }

        Assert.Null(_server.Zone.Current.Find(_server.Name("studio")));
    }

    [Theory]
    [Trait("rfc", "8945§5.2.3")]
    [InlineData(300)]
    [InlineData(-300)]
    public async Task Clock_JustWithinTheFudge_IsAccepted(int seconds)
    {
        byte[] request = Sign(Update(), _server.Key, TimeSpan.FromSeconds(seconds), out TsigClientTransaction tsig);
        tsig.Dispose();
        byte[]? answer = await _server.SendAsync(request);
        Assert.True(DnsMessage.TryParse(answer, out DnsMessage? reply));
        Assert.Equal(DnsRcode.NoError, reply.Rcode);
    }

    [Fact]
    [Trait("rfc", "8945§5.2.2")]
    public async Task Request_AnyBitChanged_ChangesNothing()
    {
        byte[] request = Sign(Update(), _server.Key, TimeSpan.Zero, out TsigClientTransaction tsig);
        tsig.Dispose();
        uint serial = _server.Serial;
        int unsigned = Update().ToArray().Length;
        // The header's id may change on the way: the original one is in the record (§5.3.1.2).
        for (int bit = 16; bit < request.Length * 8; bit++)
        {
            // The names of key and algorithm are digested in lower case (§4.3.3).
            bool isOnlyCase = bit / 8 >= unsigned && bit % 8 == 5 && char.IsAsciiLetter((char)request[bit / 8]);
            if (isOnlyCase)
                continue;
            byte[] changed = [.. request];
            changed[bit / 8] ^= (byte)(1 << (bit % 8));
            await _server.SendAsync(changed);
            Assert.True(serial == _server.Serial, $"bit {bit}");
        }

        await _server.SendAsync(request);
        Assert.Equal(serial + 1, _server.Serial);
    }

    private async Task<DnsMessage> RejectedAsync(TsigKey key, TimeSpan skew)
    {
        byte[] request = Sign(Update(), key, skew, out TsigClientTransaction tsig);
        tsig.Dispose();
        byte[]? answer = await _server.SendAsync(request);
        Assert.True(DnsMessage.TryParse(answer, out DnsMessage? reply));
        Assert.Equal(DnsRcode.NotAuth, reply.Rcode);
        Assert.Null(_server.Zone.Current.Find(_server.Name("studio")));
        return reply;
    }

    private DnsMessage Update() => ServerHarness.Update(_server.Apex, [Records.A(_server.Name("studio"), "192.0.2.1")]) with { Id = 0x1234 };

    private byte[] Sign(DnsMessage message, TsigKey key, TimeSpan skew, out TsigClientTransaction tsig)
    {
        byte[] buffer = new byte[2048];
        Assert.True(message.TryWrite(buffer, out int length));
        tsig = new TsigClientTransaction(key);
        Assert.True(tsig.TrySignRequest(buffer, length, _server.Time.GetUtcNow() + skew, out length));
        return buffer[..length];
    }
}
