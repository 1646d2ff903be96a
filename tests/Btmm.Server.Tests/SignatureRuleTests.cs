using System.Buffers.Binary;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Protocol.Dns.Edns;
using Btmm.Protocol.Dns.Tsig;

namespace Btmm.Server.Tests;

/// <summary>The rules of RFC 8945 §5 at the server, with signatures made by hand: place, order of the checks, lengths, times.</summary>
public sealed class SignatureRuleTests : IDisposable
{
    private const ulong LargestTime = 0xFFFF_FFFF_FFFF;

    private readonly ServerHarness _server = new();
    private readonly DnsName _studio;
    private readonly TsigForge _good;

    public SignatureRuleTests()
    {
        _studio = _server.Name("studio");
        _good = new TsigForge(_server.Key) { TimeSigned = (ulong)_server.Time.GetUtcNow().ToUnixTimeSeconds() };
    }

    public void Dispose() => _server.Dispose();

    [Fact]
    [Trait("rfc", "8945§5.1")]
    public async Task Signature_MadeByHand_IsGood()
    {
        DnsMessage reply = await SendAsync(_good.Sign(Update()));
        Assert.Equal(DnsRcode.NoError, reply.Rcode);
        Assert.NotNull(_server.Zone.Current.Find(_studio));
        Assert.Equal(TsigError.None, reply.TsigData!.Error);
    }

    [Fact]
    [Trait("rfc", "8945§5.2")]
    public async Task Record_NotTheLastOrNotAlone_IsFormErr()
    {
        DnsMessage update = Update();
        DnsRecord tsig = _good.Record(update);
        DnsRecord other = Records.A(_studio, "192.0.2.9");
        foreach (DnsMessage bad in new[]
                 {
                     update with { Additional = [tsig, other] },
                     update with { Additional = [tsig, tsig] },
                     update with { Additional = [tsig, new EdnsInfo().ToRecord()] },
                     update with { Answers = [tsig] },
                     update with { Authority = [.. update.Authority, tsig] },
                     update with { Authority = [tsig, .. update.Authority], Additional = [tsig] },
                 })
        {
            await AssertFormErrAsync(bad.ToArray());
        }
    }

    [Fact]
    [Trait("rfc", "8945§4.2")]
    public async Task Record_OfAnotherClassTtlOrForm_IsFormErr()
    {
        DnsMessage update = Update();
        DnsRecord tsig = _good.Record(update);
        await AssertFormErrAsync((update with { Additional = [tsig with { Class = DnsClass.IN }] }).ToArray());
        await AssertFormErrAsync((update with { Additional = [tsig with { Ttl = 1 }] }).ToArray());
        byte[] cut = (update with { Additional = [tsig with { Data = new UnknownData(DnsType.TSIG, new byte[12]) }] }).ToArray();
        await AssertFormErrAsync(cut);
        byte[] lengths = _good.Sign(update);
        BinaryPrimitives.WriteUInt16BigEndian(lengths.AsSpan(lengths.Length - 2), 1); // Other Len beyond the end
        await AssertFormErrAsync(lengths);
    }

    [Theory]
    [Trait("rfc", "8945§5.2.2.1")]
    [InlineData(33)]
    [InlineData(64)]
    [InlineData(15)]
    [InlineData(9)]
    [InlineData(1)]
    [InlineData(0)]
    public async Task Mac_LongerThanTheHashOrBelowTheLimit_IsFormErr(int length) =>
        await AssertFormErrAsync((_good with { MacLength = length }).Sign(Update()));

    [Theory]
    [Trait("rfc", "8945§5.2.4")]
    [InlineData(16)]
    [InlineData(31)]
    public async Task Mac_CutAsAllowedButNotByUs_IsBadTruncSigned(int length)
    {
        DnsMessage reply = await SendAsync((_good with { MacLength = length }).Sign(Update()));
        Assert.Equal((DnsRcode.NotAuth, TsigError.BadTrunc), (reply.Rcode, reply.TsigData!.Error));
        Assert.Equal(32, reply.TsigData.Mac.Length);
        AssertNothingChanged();
    }

    [Fact]
    [Trait("rfc", "8945§5.2")]
    public async Task Checks_SeveralFail_KeyThenMacThenTimeThenTruncationDecides()
    {
        using var unknown = new TsigKey(DnsName.Parse("unknown.example.net"), TsigAlgorithm.HmacSha256, new byte[32]);
        using var wrong = new TsigKey(_server.Key.Name, TsigAlgorithm.HmacSha256, new byte[32]);
        TsigForge late = _good with { TimeSigned = _good.TimeSigned - 1000, MacLength = 16 };
        Assert.Equal(TsigError.BadKey, await ErrorAsync(late with { Key = unknown }));
        Assert.Equal(TsigError.BadSig, await ErrorAsync(late with { Key = wrong }));
        Assert.Equal(TsigError.BadTime, await ErrorAsync(late));
        Assert.Equal(TsigError.BadTrunc, await ErrorAsync(late with { TimeSigned = _good.TimeSigned }));
    }

    [Theory]
    [Trait("rfc", "8945§5.2.1")]
    [InlineData("hmac-sha3-256")]
    [InlineData("gss-tsig")]
    [InlineData(".")]
    [InlineData("HMAC-MD5.SIG-ALG.REG.INT")]
    public async Task Algorithm_Unknown_IsBadKeyUnsigned(string algorithm)
    {
        DnsMessage reply = await SendAsync((_good with { Algorithm = DnsName.Parse(algorithm) }).Sign(Update()));
        Assert.Equal((DnsRcode.NotAuth, TsigError.BadKey), (reply.Rcode, reply.TsigData!.Error));
        Assert.True(reply.TsigData.Mac.IsEmpty);
        Assert.Equal(DnsName.Parse(algorithm), reply.TsigData.Algorithm);
        AssertNothingChanged();
    }

    [Theory]
    [Trait("rfc", "8945§5.2.3")]
    [InlineData(0ul, (ushort)300)]
    [InlineData(0ul, ushort.MaxValue)]
    [InlineData(LargestTime, (ushort)300)]
    [InlineData(LargestTime, ushort.MaxValue)]
    [InlineData(LargestTime - 100, (ushort)300)]
    [InlineData(1ul << 32, (ushort)0)]
    public async Task Time_AtTheEndsOfItsRange_DoesNotWrap(ulong time, ushort fudge)
    {
        DnsMessage reply = await SendAsync((_good with { TimeSigned = time, Fudge = fudge }).Sign(Update()));
        TsigData tsig = reply.TsigData!;
        Assert.Equal((DnsRcode.NotAuth, TsigError.BadTime), (reply.Rcode, tsig.Error));
        // The client's own time and fudge, and the server's time in 6 bytes.
        Assert.Equal((time, fudge, 6), (tsig.TimeSigned, tsig.Fudge, tsig.OtherData.Length));
        Span<byte> other = stackalloc byte[8];
        tsig.OtherData.Span.CopyTo(other[2..]);
        Assert.Equal(_good.TimeSigned, BinaryPrimitives.ReadUInt64BigEndian(other));
        AssertNothingChanged();
    }

    [Theory]
    [Trait("rfc", "8945§5.2.3")]
    [InlineData(-5, 5, true)]
    [InlineData(5, 5, true)]
    [InlineData(-6, 5, false)]
    [InlineData(6, 5, false)]
    [InlineData(0, 0, true)]
    [InlineData(1, 0, false)]
    [InlineData(65_535, 65_535, true)]
    public async Task Time_AgainstTheRequestsOwnFudge_CountsBothEnds(int seconds, int fudge, bool isGood)
    {
        ulong time = (ulong)((long)_good.TimeSigned + seconds);
        Assert.Equal(isGood ? TsigError.None : TsigError.BadTime, await ErrorAsync(_good with { TimeSigned = time, Fudge = (ushort)fudge }));
    }

    [Fact]
    [Trait("rfc", "8945§5.3")]
    public async Task Answer_ToAnUnsignedRequest_IsUnsigned()
    {
        DnsMessage reply = await SendAsync(Update().ToArray());
        Assert.Equal(DnsRcode.Refused, reply.Rcode);
        Assert.Null(reply.Tsig);
    }

    [Fact]
    [Trait("rfc", "8945§5.3")]
    public async Task Answer_TooLongWithItsSignature_IsQuestionAndSignatureWithTc()
    {
        await _server.AddAsync([.. Enumerable.Range(0, 40).Select(i => Records.Txt(_studio, $"a text that makes the answer long, number {i}"))]);
        DnsMessage query = ServerHarness.Query(_studio, DnsType.TXT);
        byte[] request = _server.Sign(query with { Id = 5 });
        byte[]? answer = await _server.SendAsync(request);
        Assert.InRange(answer!.Length, 12, DnsMessage.ClassicUdpSize);
        DnsMessage reply = await _server.AskAsync(query, _server.Key);
        Assert.True(reply.IsTruncated);
        Assert.Equal(DnsRcode.NoError, reply.Rcode);
        Assert.Equal(query.Questions, reply.Questions);
        Assert.NotNull(reply.Tsig);
        Assert.Equal(40, (await _server.AskAsync(query, _server.Key, stream: true)).Answers.Count);
    }

    [Fact]
    [Trait("rfc", "8945§5.3.1")]
    public async Task Messages_OnOneConnection_AreSignedOneByOne()
    {
        using var peer = new FakePeer();
        for (int i = 0; i < 3; i++)
            Assert.Equal(DnsRcode.NoError, (await _server.AskAsync(ServerHarness.Query(_server.Apex, DnsType.SOA), _server.Key, peer: peer)).Rcode);
        Assert.Null((await _server.AskAsync(ServerHarness.Query(_server.Name("ns"), DnsType.A), null, peer: peer)).Tsig);
    }

    [Fact]
    [Trait("rfc", "8945§5.3.2")]
    public async Task Errors_OfOtherKinds_AreSignedLikeAnswers()
    {
        DnsMessage update = ServerHarness.Update(_server.Apex, [Records.A(DnsName.Parse("x.example.com"), "192.0.2.1")]);
        DnsMessage reply = await _server.AskAsync(update, _server.Key); // which verifies the signature
        Assert.Equal((DnsRcode.NotZone, TsigError.None), (reply.Rcode, reply.TsigData!.Error));
    }

    [Fact]
    [Trait("rfc", "8945§5.2")]
    public async Task Id_ChangedOnTheWay_IsAnsweredWithTheOneReceived()
    {
        DnsMessage reply = await SendAsync((_good with { OtherId = 0x4321 }).Sign(Update()));
        Assert.Equal((DnsRcode.NoError, (ushort)0x4321), (reply.Rcode, reply.Id));
    }

    [Fact]
    [Trait("rfc", "8945§4.3.3")]
    public async Task Names_InOtherCaseOrCompressed_AreTheSame()
    {
        using var upper = new TsigKey(DnsName.Parse(_server.Key.Name.ToString().ToUpperInvariant()), TsigAlgorithm.HmacSha256, Secret());
        Assert.Equal(DnsRcode.NoError, (await SendAsync((_good with { Key = upper }).Sign(Update()))).Rcode);
        // A key named like the zone, its owner name a pointer to the zone section, as Apple's client writes it.
        using var apex = new TsigKey(_server.Apex, TsigAlgorithm.HmacSha256, Secret());
        using var server = new ServerHarness(extraKeys: [new ZoneKey(apex, _server.Apex)]);
        DnsMessage update = ServerHarness.Update(server.Apex, [Records.A(_studio, "192.0.2.1")]) with { Id = 3 };
        byte[] signed = (_good with { Key = apex }).Sign(update);
        int owner = update.ToArray().Length;
        byte[] compressed = [.. signed[..owner], 0xC0, 12, .. signed[(owner + server.Apex.WireLength)..]];
        Assert.True(DnsMessage.TryParse(await server.SendAsync(compressed), out DnsMessage? reply));
        Assert.Equal(DnsRcode.NoError, reply.Rcode);
    }

    private byte[] Secret()
    {
        byte[] secret = new byte[_server.Key.SecretLength];
        _server.Key.CopySecretTo(secret);
        return secret;
    }

    private DnsMessage Update() => ServerHarness.Update(_server.Apex, [Records.A(_studio, "192.0.2.1")]) with { Id = 0x1234 };

    private async Task<DnsMessage> SendAsync(byte[] request)
    {
        Assert.True(DnsMessage.TryParse(await _server.SendAsync(request), out DnsMessage? reply));
        return reply;
    }

    private async Task<TsigError> ErrorAsync(TsigForge forge) => (await SendAsync(forge.Sign(Update()))).TsigData!.Error;

    private async Task AssertFormErrAsync(byte[] request)
    {
        Assert.True(DnsHeader.TryRead(await _server.SendAsync(request), out DnsHeader header));
        Assert.Equal(DnsRcode.FormErr, header.Rcode);
        AssertNothingChanged();
    }

    private void AssertNothingChanged() => Assert.Null(_server.Zone.Current.Find(_studio));
}
