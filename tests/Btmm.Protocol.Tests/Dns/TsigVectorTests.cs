using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Tsig;

namespace Btmm.Protocol.Tests.Dns;

public sealed class TsigVectorTests
{
    public static TheoryData<string> Requests => [.. Vectors.Tsig.Values.Where(vector => vector.Prior is null).Select(vector => vector.Id)];

    [Theory]
    [MemberData(nameof(Requests))]
    public void Request_OfVector_Verifies(string id)
    {
        TsigVector vector = Vectors.Tsig[id];
        using TsigKey key = vector.MakeKey();
        var server = new TsigServerTransaction();
        Assert.Equal(TsigStatus.Valid, server.Verify(vector.Signed, new TsigKeyRing(key), vector.Time));
        Assert.Same(key, server.Key);
    }

    [Theory]
    [MemberData(nameof(Requests))]
    public void Request_OfVector_IsReproduced(string id)
    {
        TsigVector vector = Vectors.Tsig[id];
        using TsigKey key = vector.MakeKey();
        using var client = new TsigClientTransaction(key);
        byte[] buffer = new byte[1024];
        vector.Unsigned.CopyTo(buffer, 0);
        Assert.True(client.TrySignRequest(buffer, vector.Unsigned.Length, vector.Time, out int written));
        Assert.Equal(vector.Unsigned.Length + client.SignatureSize, written);
        Assert.True(DnsMessage.TryParse(buffer.AsSpan(0, written), out DnsMessage? message));
        Assert.Equal(Convert.ToHexString(vector.Mac), Convert.ToHexString(message.TsigData!.Mac.Span));
        if (id[0] == 'T') Assert.Equal(Convert.ToHexString(vector.Signed), Convert.ToHexString(buffer, 0, written));
    }

    [Theory]
    [InlineData("T4")]
    [InlineData("B16")]
    public void Response_OfVector_VerifiesAndIsReproduced(string id)
    {
        TsigVector response = Vectors.Tsig[id];
        TsigVector request = Vectors.Tsig[response.Prior!];
        using TsigKey key = request.MakeKey();
        using TsigClientTransaction client = Sent(request, key);
        TsigVerdict verdict = client.VerifyResponse(response.Signed, response.Time);
        Assert.Equal(new TsigVerdict(TsigStatus.Valid, TsigError.None, true, null), verdict);

        TsigServerTransaction server = Received(request, key, request.Time);
        Assert.Equal(Convert.ToHexString(response.Signed), Convert.ToHexString(Signed(server, response.Unsigned, response.Time)));
    }

    [Fact]
    [Trait("rfc", "8945§5.3.1")]
    public void Stream_OfVectors_VerifiesAndIsReproduced()
    {
        TsigVector request = Vectors.Tsig["T5"], first = Vectors.Tsig["T6"], second = Vectors.Tsig["T7"];
        using TsigKey key = request.MakeKey();
        using TsigClientTransaction client = Sent(request, key);
        Assert.Equal(TsigStatus.Valid, client.VerifyResponse(first.Signed, first.Time).Status);
        Assert.Equal(TsigStatus.Valid, client.VerifyResponse(second.Signed, second.Time).Status);

        TsigServerTransaction server = Received(request, key, request.Time);
        Assert.Equal(first.Signed, Signed(server, first.Unsigned, first.Time));
        Assert.Equal(second.Signed, Signed(server, second.Unsigned, second.Time));
    }

    [Fact]
    [Trait("rfc", "8945§5.2.3")]
    public void BadTime_OfVector_VerifiesAndIsReproduced()
    {
        TsigVector request = Vectors.Tsig["T8"], response = Vectors.Tsig["T9"];
        DateTimeOffset serverTime = DateTimeOffset.FromUnixTimeSeconds(0x4da8be86);
        using TsigKey key = request.MakeKey();
        using TsigClientTransaction client = Sent(request, key);
        TsigVerdict verdict = client.VerifyResponse(response.Signed, request.Time);
        Assert.Equal(new TsigVerdict(TsigStatus.RejectedByServer, TsigError.BadTime, true, serverTime), verdict);

        TsigServerTransaction server = Received(request, key, serverTime);
        Assert.Equal(TsigStatus.BadTime, server.Status);
        Assert.Equal(DnsRcode.NotAuth, server.Rcode);
        Assert.Equal(response.Signed, Signed(server, response.Unsigned, serverTime));
    }

    private static TsigClientTransaction Sent(TsigVector request, TsigKey key)
    {
        var client = new TsigClientTransaction(key);
        byte[] buffer = new byte[1024];
        byte[] unsigned = request.Unsigned;
        unsigned.CopyTo(buffer, 0);
        Assert.True(client.TrySignRequest(buffer, unsigned.Length, request.Time, out _));
        return client;
    }

    private static TsigServerTransaction Received(TsigVector request, TsigKey key, DateTimeOffset now)
    {
        var server = new TsigServerTransaction();
        server.Verify(request.Signed, new TsigKeyRing(key), now);
        return server;
    }

    private static byte[] Signed(TsigServerTransaction server, byte[] response, DateTimeOffset now)
    {
        byte[] buffer = new byte[1024];
        response.CopyTo(buffer, 0);
        Assert.True(server.TrySignResponse(buffer, response.Length, now, out int written));
        Assert.True(written - response.Length <= server.SignatureSize);
        return buffer[..written];
    }
}
