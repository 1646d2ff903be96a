using System.Security.Cryptography;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Tsig;

namespace Btmm.Protocol.Tests.Dns;

public sealed class TsigTests
{
    private static readonly DateTimeOffset s_now = DateTimeOffset.FromUnixTimeSeconds(1_795_000_000);
    private readonly TsigKey _key = MakeKey("Alice-Key", TsigAlgorithm.HmacSha256);

    public static TheoryData<string> Algorithms => [.. TsigAlgorithm.All.Select(algorithm => algorithm.Name)];

    [Theory]
    [MemberData(nameof(Algorithms))]
    [Trait("rfc", "8945§6")]
    public void Exchange_WithEveryAlgorithm_Verifies(string name)
    {
        Assert.True(TsigAlgorithm.TryParse(name, out TsigAlgorithm? algorithm));
        using TsigKey key = MakeKey("k", algorithm);
        using var client = new TsigClientTransaction(key);
        byte[] request = Sign(client, Query(7), s_now);
        var server = new TsigServerTransaction();
        Assert.Equal(TsigStatus.Valid, server.Verify(request, new TsigKeyRing(key), s_now));
        byte[] response = Respond(server, Query(7, isResponse: true), s_now);
        Assert.Equal(TsigStatus.Valid, client.VerifyResponse(response, s_now).Status);
        Assert.True(DnsMessage.TryParse(response, out DnsMessage? parsed));
        Assert.Equal(algorithm.MacLength, parsed.TsigData!.Mac.Length);
    }

    [Fact]
    public void Sha224_OfKnownInputs_IsRight()
    {
        Assert.Equal("d14a028c2a3a2bc9476102bb288234c415a2b01f828ea62ac5b3e42f", HashOf([]));
        Assert.Equal("23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7", HashOf("abc"u8));
        Assert.Equal("75388b16512776cc5dba5da1fd890150b0c6455cb4f58b1952522525", HashOf("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"u8));
        Assert.Equal("20794655980c91d8bbb4c1ea97618a4bf03f42581948b2ee4ee7ad67", HashOf([.. Enumerable.Repeat((byte)'a', 1_000_000)]));
    }

    [Fact]
    [Trait("rfc", "8945§5.2.1")]
    public void Request_WithUnknownKey_IsBadKeyAnsweredUnsigned()
    {
        using TsigKey other = MakeKey("bob", TsigAlgorithm.HmacSha256);
        TsigVerdict verdict = Rejected(new TsigKeyRing(other), TsigStatus.BadKey, out DnsMessage answer);
        Assert.Equal(new TsigVerdict(TsigStatus.RejectedByServer, TsigError.BadKey, false, null), verdict);
        Assert.Equal(_key.Name, answer.Tsig!.Name);
        Assert.True(answer.TsigData!.Mac.IsEmpty);
    }

    [Fact]
    [Trait("rfc", "8945§5.2.1")]
    public void Request_WithAnotherAlgorithmThanTheKeys_IsBadKey()
    {
        using TsigKey other = MakeKey("alice-key", TsigAlgorithm.HmacSha512);
        Rejected(new TsigKeyRing(other), TsigStatus.BadKey, out _);
    }

    [Fact]
    [Trait("rfc", "8945§5.2.2")]
    public void Request_WithWrongSecret_IsBadSignatureAnsweredUnsigned()
    {
        using var other = new TsigKey(DnsName.Parse("alice-key"), TsigAlgorithm.HmacSha256, [1, 2, 3]);
        TsigVerdict verdict = Rejected(new TsigKeyRing(other), TsigStatus.BadSignature, out DnsMessage answer);
        Assert.Equal((TsigError.BadSig, false), (verdict.ServerError, verdict.IsAuthentic));
        Assert.True(answer.TsigData!.Mac.IsEmpty);
    }

    [Theory]
    [Trait("rfc", "8945§5.2.3")]
    [InlineData(0, TsigStatus.Valid)]
    [InlineData(300, TsigStatus.Valid)]
    [InlineData(-300, TsigStatus.Valid)]
    [InlineData(301, TsigStatus.BadTime)]
    [InlineData(-301, TsigStatus.BadTime)]
    [InlineData(-1_794_999_999, TsigStatus.BadTime)]
    public void Request_AtAGivenClock_IsTimelyWithinTheFudge(long skew, TsigStatus expected)
    {
        using var client = new TsigClientTransaction(_key);
        byte[] request = Sign(client, Query(1), s_now);
        DateTimeOffset serverTime = s_now.AddSeconds(skew);
        var server = new TsigServerTransaction();
        Assert.Equal(expected, server.Verify(request, new TsigKeyRing(_key), serverTime));
        if (expected == TsigStatus.Valid) return;
        byte[] answer = Respond(server, Query(1, isResponse: true) with { Rcode = server.Rcode }, serverTime);
        Assert.Equal(new TsigVerdict(TsigStatus.RejectedByServer, TsigError.BadTime, true, serverTime), client.VerifyResponse(answer, s_now));
    }

    [Fact]
    public void Request_WithTimeZero_DoesNotWrapAround()
    {
        using var client = new TsigClientTransaction(_key);
        byte[] request = Sign(client, Query(1), DateTimeOffset.UnixEpoch);
        var server = new TsigServerTransaction();
        Assert.Equal(TsigStatus.Valid, server.Verify(request, new TsigKeyRing(_key), DateTimeOffset.UnixEpoch.AddSeconds(300)));
        Assert.Equal(TsigStatus.BadTime, server.Verify(request, new TsigKeyRing(_key), s_now));
    }

    [Theory]
    [Trait("rfc", "8945§5.2.2.1")]
    [InlineData(32, TsigStatus.Valid)]
    [InlineData(31, TsigStatus.BadTruncation)]
    [InlineData(16, TsigStatus.BadTruncation)]
    [InlineData(15, TsigStatus.Malformed)]
    [InlineData(0, TsigStatus.Malformed)]
    [InlineData(33, TsigStatus.Malformed)]
    public void Request_WithMacOfAGivenLength_IsJudged(int length, TsigStatus expected)
    {
        byte[] request = WithMacOf(length);
        var server = new TsigServerTransaction();
        Assert.Equal(expected, server.Verify(request, new TsigKeyRing(_key), s_now));
        Assert.Equal(expected switch { TsigStatus.Valid => DnsRcode.NoError, TsigStatus.Malformed => DnsRcode.FormErr, _ => DnsRcode.NotAuth }, server.Rcode);
        if (expected != TsigStatus.BadTruncation) return;
        Assert.Equal(TsigStatus.Valid, server.Verify(request, new TsigKeyRing(_key), s_now, new TsigPolicy { ShortestTruncatedMac = 16 }));
        server.Verify(request, new TsigKeyRing(_key), s_now);
        Assert.True(DnsMessage.TryParse(Respond(server, Query(1, isResponse: true), s_now), out DnsMessage? answer));
        Assert.Equal((TsigError.BadTrunc, 32), (answer.TsigData!.Error, answer.TsigData.Mac.Length)); // signed
    }

    [Fact]
    [Trait("rfc", "8945§5.2")]
    public void Request_BadInEveryWay_IsJudgedInTheOrderOfTheRfc()
    {
        byte[] request = WithMacOf(16);
        var server = new TsigServerTransaction();
        DateTimeOffset late = s_now.AddHours(1);
        using var wrong = new TsigKey(_key.Name, _key.Algorithm, [1]);
        Assert.Equal(TsigStatus.BadKey, server.Verify(request, new TsigKeyRing(), late));
        Assert.Equal(TsigStatus.BadSignature, server.Verify(request, new TsigKeyRing(wrong), late));
        Assert.Equal(TsigStatus.BadTime, server.Verify(request, new TsigKeyRing(_key), late));
        Assert.Equal(TsigStatus.BadTruncation, server.Verify(request, new TsigKeyRing(_key), s_now));
    }

    [Fact]
    public void Request_Unsigned_IsAnsweredUnsigned()
    {
        var server = new TsigServerTransaction();
        Assert.Equal(TsigStatus.NotSigned, server.Verify(Query(1).ToArray(), new TsigKeyRing(_key), s_now));
        Assert.Equal(0, server.SignatureSize);
        byte[] answer = Query(1, isResponse: true).ToArray();
        Assert.Equal(answer, Respond(server, Query(1, isResponse: true), s_now));
    }

    [Fact]
    public void Request_WithChangedHeaderId_VerifiesByItsOriginalId()
    {
        using var client = new TsigClientTransaction(_key);
        byte[] request = Sign(client, Query(1), s_now);
        request[0] ^= 0xFF; // a forwarder did that
        Assert.Equal(TsigStatus.Valid, new TsigServerTransaction().Verify(request, new TsigKeyRing(_key), s_now));
    }

    [Fact]
    public void Request_WithKeyNameInOtherCase_Verifies()
    {
        using var client = new TsigClientTransaction(_key);
        byte[] request = Sign(client, Query(1), s_now);
        using TsigKey upper = MakeKey("ALICE-KEY", TsigAlgorithm.HmacSha256, "alice-key");
        Assert.Equal(TsigStatus.Valid, new TsigServerTransaction().Verify(request, new TsigKeyRing(upper), s_now));
    }

    [Fact]
    public void Messages_EverySingleByteChange_NeverVerify()
    {
        using var client = new TsigClientTransaction(_key);
        byte[] request = Sign(client, Query(0x1234), s_now);
        var server = new TsigServerTransaction();
        var keys = new TsigKeyRing(_key);
        foreach (byte[] bad in Mutations.SingleByteChanges(request))
        {
            bool isOnlyTheId = bad.AsSpan(2).SequenceEqual(request.AsSpan(2));
            bool isOnlyCase = DnsNameWire.Equals(bad, request); // of the key's or algorithm's name
            if (!isOnlyTheId && !isOnlyCase) Assert.NotEqual(TsigStatus.Valid, server.Verify(bad, keys, s_now));
        }
    }

    [Fact]
    [Trait("rfc", "8945§5.4")]
    public void Response_NotSignedOrForged_IsNotAcceptable()
    {
        using var client = new TsigClientTransaction(_key);
        var server = new TsigServerTransaction();
        server.Verify(Sign(client, Query(1), s_now), new TsigKeyRing(_key), s_now);
        byte[] response = Respond(server, Query(1, isResponse: true), s_now);
        Assert.Equal(TsigStatus.NotSigned, client.VerifyResponse(Query(1, isResponse: true).ToArray(), s_now).Status);
        byte[] forged = [.. response];
        forged[3] ^= 1;
        Assert.Equal(TsigStatus.BadSignature, client.VerifyResponse(forged, s_now).Status);
        Assert.Equal(TsigStatus.BadTime, client.VerifyResponse(response, s_now.AddHours(1)).Status);
        Assert.Equal(TsigStatus.Malformed, client.VerifyResponse(response.AsSpan(0, response.Length - 1), s_now).Status);
        Assert.Equal(TsigStatus.Valid, client.VerifyResponse(response, s_now).Status); // the forgeries did no harm
    }

    [Fact]
    public void Response_ToAnotherRequest_IsNotAcceptable()
    {
        using var client = new TsigClientTransaction(_key);
        using var other = new TsigClientTransaction(_key);
        var server = new TsigServerTransaction();
        server.Verify(Sign(other, Query(2), s_now), new TsigKeyRing(_key), s_now);
        byte[] response = Respond(server, Query(1, isResponse: true), s_now);
        Sign(client, Query(1), s_now);
        Assert.Equal(TsigStatus.BadSignature, client.VerifyResponse(response, s_now).Status);
    }

    [Fact]
    [Trait("rfc", "8945§5.3.1")]
    public void Stream_WithUnsignedMessagesBetween_Verifies()
    {
        using var client = new TsigClientTransaction(_key);
        var server = new TsigServerTransaction();
        server.Verify(Sign(client, Query(1), s_now), new TsigKeyRing(_key), s_now);
        Assert.Equal(TsigStatus.Valid, client.VerifyResponse(Respond(server, Query(1, isResponse: true), s_now), s_now).Status);

        // The server side signs every message; a stream with gaps is put together by hand.
        byte[] gap = Query(1, isResponse: true).ToArray();
        Assert.Equal(TsigStatus.NotSigned, client.VerifyResponse(gap, s_now).Status);
        byte[] second = Respond(server, Query(1, isResponse: true), s_now);
        Assert.Equal(TsigStatus.BadSignature, client.VerifyResponse(second, s_now).Status); // it does not cover the gap
    }

    [Fact]
    [Trait("rfc", "8945§5.3.1")]
    public void Stream_WithASignatureOverTheGap_Verifies()
    {
        using var client = new TsigClientTransaction(_key);
        var server = new TsigServerTransaction();
        server.Verify(Sign(client, Query(1), s_now), new TsigKeyRing(_key), s_now);
        byte[] first = Respond(server, Query(1, isResponse: true), s_now);
        Assert.Equal(TsigStatus.Valid, client.VerifyResponse(first, s_now).Status);
        byte[] gap = Query(1, isResponse: true).ToArray(), last = Query(1, isResponse: true).ToArray();
        Assert.Equal(TsigStatus.NotSigned, client.VerifyResponse(gap, s_now).Status);

        // prior MAC with its size | both messages | time and fudge, computed here with the platform's HMAC
        Assert.True(DnsMessage.TryParse(first, out DnsMessage? parsed));
        long time = s_now.ToUnixTimeSeconds();
        byte[] timers = [0, 0, (byte)(time >> 24), (byte)(time >> 16), (byte)(time >> 8), (byte)time, 1, 44];
        byte[] secret = new byte[_key.SecretLength];
        _key.CopySecretTo(secret);
        byte[] covered = [0, 32, .. parsed.TsigData!.Mac.Span, .. gap, .. last, .. timers];
        byte[] mac = HMACSHA256.HashData(secret, covered);
        DnsRecord record = parsed.Tsig! with { Data = parsed.TsigData with { Mac = mac } };
        byte[] signed = (Query(1, isResponse: true) with { Additional = [record] }).ToArray();
        Assert.Equal(TsigStatus.Valid, client.VerifyResponse(signed, s_now).Status);
    }

    [Fact]
    [Trait("rfc", "8945§5.3.1")]
    public void Stream_With100UnsignedMessages_IsRejected()
    {
        using var client = new TsigClientTransaction(_key);
        var server = new TsigServerTransaction();
        server.Verify(Sign(client, Query(1), s_now), new TsigKeyRing(_key), s_now);
        client.VerifyResponse(Respond(server, Query(1, isResponse: true), s_now), s_now);
        byte[] gap = Query(1, isResponse: true).ToArray();
        for (int i = 0; i < 99; i++) Assert.Equal(TsigStatus.NotSigned, client.VerifyResponse(gap, s_now).Status);
        Assert.Equal(TsigStatus.BadSignature, client.VerifyResponse(gap, s_now).Status);
    }

    [Fact]
    public void Sign_WithoutRoom_FailsWithoutException()
    {
        using var client = new TsigClientTransaction(_key);
        byte[] query = Query(1).ToArray();
        for (int extra = 0; extra < client.SignatureSize; extra++)
        {
            byte[] buffer = [.. query, .. new byte[extra]];
            Assert.False(client.TrySignRequest(buffer, query.Length, s_now, out _));
        }
    }

    [Fact]
    public void Key_WithMd5_NeedsTheSwitch()
    {
        Assert.Throws<ArgumentException>(() => new TsigKey(DnsName.Parse("k"), TsigAlgorithm.HmacMd5, [1]));
        using var key = new TsigKey(DnsName.Parse("k"), TsigAlgorithm.HmacMd5, [1], allowLegacy: true);
        Assert.True(key.Algorithm.IsLegacy);
    }

    [Fact]
    public void Key_Text_NeverShowsTheSecret()
    {
        byte[] secret = [.. Enumerable.Range(65, 26).Select(i => (byte)i)];
        using var key = new TsigKey(DnsName.Parse("k"), TsigAlgorithm.HmacSha256, secret);
        Assert.Equal("k (hmac-sha256)", key.ToString());
    }

    [Fact]
    public void Key_Disposed_CannotBeUsed()
    {
        TsigKey key = MakeKey("k", TsigAlgorithm.HmacSha256);
        key.Dispose();
        using var client = new TsigClientTransaction(key);
        Assert.Throws<ObjectDisposedException>(() => client.TrySignRequest(new byte[512], 12, s_now, out _));
        Assert.Throws<ObjectDisposedException>(() => key.CopySecretTo(new byte[64]));
    }

    [Fact]
    public void Verify_ManyRequests_DoesNotAllocate()
    {
        using var client = new TsigClientTransaction(_key);
        byte[] request = Sign(client, Query(1), s_now);
        var server = new TsigServerTransaction();
        var keys = new TsigKeyRing(_key);
        byte[] response = new byte[512];
        int length = Query(1, isResponse: true).ToArray().AsSpan().Length;
        void Serve()
        {
            server.Verify(request, keys, s_now);
            server.TrySignResponse(response, length, s_now, out _);
        }

        for (int i = 0; i < 1000; i++) Serve();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++) Serve();
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 20_000); // less than any one object a time; the runtime may have its own
    }

    private static TsigKey MakeKey(string name, TsigAlgorithm algorithm, string? seed = null)
        => new(DnsName.Parse(name), algorithm, SHA256.HashData(System.Text.Encoding.UTF8.GetBytes((seed ?? name).ToLowerInvariant())), allowLegacy: true);

    private static DnsMessage Query(ushort id, bool isResponse = false) => new()
    {
        Id = id,
        Flags = isResponse ? DnsFlags.Response : DnsFlags.RecursionDesired,
        Questions = [new DnsQuestion(DnsName.Parse("studio.alice.test"), DnsType.AAAA)],
    };

    private static byte[] Sign(TsigClientTransaction client, DnsMessage message, DateTimeOffset now)
    {
        byte[] buffer = new byte[1024];
        Assert.True(message.TryWrite(buffer, out int length));
        Assert.True(client.TrySignRequest(buffer, length, now, out int written));
        return buffer[..written];
    }

    private static byte[] Respond(TsigServerTransaction server, DnsMessage message, DateTimeOffset now)
    {
        byte[] buffer = new byte[1024];
        Assert.True(message.TryWrite(buffer, out int length));
        Assert.True(server.TrySignResponse(buffer, length, now, out int written));
        return buffer[..written];
    }

    private TsigVerdict Rejected(ITsigKeyRing keys, TsigStatus expected, out DnsMessage answer)
    {
        using var client = new TsigClientTransaction(_key);
        var server = new TsigServerTransaction();
        Assert.Equal(expected, server.Verify(Sign(client, Query(1), s_now), keys, s_now));
        Assert.Equal(DnsRcode.NotAuth, server.Rcode);
        Assert.Null(server.Key);
        byte[] bytes = Respond(server, Query(1, isResponse: true) with { Rcode = server.Rcode }, s_now);
        Assert.True(DnsMessage.TryParse(bytes, out DnsMessage? parsed));
        answer = parsed;
        return client.VerifyResponse(bytes, s_now);
    }

    /// <summary>A request whose MAC is cut, or lengthened with zeros.</summary>
    private byte[] WithMacOf(int length)
    {
        using var client = new TsigClientTransaction(_key);
        Assert.True(DnsMessage.TryParse(Sign(client, Query(1), s_now), out DnsMessage? message));
        byte[] mac = [.. message.TsigData!.Mac.ToArray(), .. new byte[8]];
        DnsRecord record = message.Tsig! with { Data = message.TsigData with { Mac = mac[..length] } };
        return (message with { Additional = [record] }).ToArray();
    }

    private static string HashOf(ReadOnlySpan<byte> data)
    {
        var hash = new Sha224();
        hash.Append(data);
        byte[] result = new byte[Sha224.HashSize];
        hash.Finish(result);
        return Convert.ToHexStringLower(result);
    }
}
