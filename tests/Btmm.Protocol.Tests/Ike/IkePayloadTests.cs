using System.Net;
using Btmm.Protocol.Ike.Payloads;

namespace Btmm.Protocol.Tests.Ike;

public sealed class IkePayloadTests
{
    private const int Mutations = 100_000;
    private const int Seed = 20240607;

    [Fact, Trait("rfc", "7296§3")]
    public void Chain_EveryPayload_ComesBackAsWritten()
    {
        (IkeHeader header, List<IkePayload> payloads) = Parse(Sample());
        Assert.Equal(0x1122334455667788ul, header.InitiatorSpi);
        Assert.Equal(IkeExchangeType.IkeAuth, header.Exchange);
        Assert.True(header.FromInitiator);
        Assert.Equal(Samples().Select(p => p.Type), payloads.Select(p => p.Type));
        Assert.Equal(Sample(), Write(header, payloads));

        var sa = (IkeSaPayload)payloads[0];
        Assert.Equal(2, sa.Proposals.Count);
        Assert.Equal(0xAABBCCDDu, sa.Proposals[0].EspSpi);
        Assert.Equal(new IkeTransform(IkeTransformType.Encryption, 20, 256), sa.Proposals[0].Transforms[0]);
        var ts = payloads.OfType<IkeTrafficSelectorsPayload>().First();
        Assert.True(ts.Selectors[0].IsWholeHost);
        Assert.True(ts.Selectors[0].ContainsHost(IPAddress.Parse("fd00::1")));
        Assert.False(ts.Selectors[0].ContainsHost(IPAddress.Parse("fd00::2")));
        Assert.Equal([1u, 2u], payloads.OfType<IkeDeletePayload>().First().Spis);
    }

    [Fact]
    public void Chain_EveryTruncation_IsRefused()
    {
        byte[] sample = Sample();
        for (int length = 0; length < sample.Length; length++)
        {
            byte[] cut = sample[..length];
            Assert.False(IkeHeader.TryParse(cut, out _));
            if (length < IkeHeader.Size) continue;
            cut[24] = cut[25] = 0; // with a length that fits, the chain itself is cut
            cut[26] = (byte)(length >> 8);
            cut[27] = (byte)length;
            Assert.True(IkeHeader.TryParse(cut, out IkeHeader header));
            IkeParseError error = IkePayloadChain.Parse(header.NextPayload, cut, IkeHeader.Size, cut.Length, out List<IkePayload> payloads, out _);
            Assert.NotEqual(IkeParseError.None, error);
            Assert.Empty(payloads);
        }
    }

    [Fact]
    public void Chain_EverySingleByteChange_DoesNotThrow()
    {
        byte[] sample = Sample();
        for (int at = 0; at < sample.Length; at++)
            for (int value = 0; value < 256; value++)
            {
                byte[] changed = [.. sample];
                changed[at] = (byte)value;
                Feed(changed);
            }
    }

    [Fact]
    public void Chain_RandomMutations_DoNotThrow()
    {
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {Seed}");
        var random = new Random(Seed);
        byte[] sample = Sample();
        for (int i = 0; i < Mutations; i++)
        {
            byte[] changed = [.. sample[..random.Next(IkeHeader.Size, sample.Length + 1)]];
            for (int n = random.Next(1, 8); n > 0; n--) changed[random.Next(changed.Length)] = (byte)random.Next(256);
            if (random.Next(2) == 0)
            {
                changed[24] = changed[25] = 0;
                changed[26] = (byte)(changed.Length >> 8);
                changed[27] = (byte)changed.Length;
            }

            Feed(changed);
        }
    }

    [Fact, Trait("rfc", "7296§2.5")]
    public void Chain_UnknownCriticalPayload_IsNamed()
    {
        byte[] message = Write(Header(), [new IkeOpaquePayload((IkePayloadType)200, [1]), new IkeNoncePayload(new byte[32])]);
        Assert.Equal(IkeParseError.None, Feed(message));
        message[IkeHeader.Size + 1] |= 0x80;
        IkeHeader.TryParse(message, out IkeHeader header);
        IkeParseError error = IkePayloadChain.Parse(header.NextPayload, message, IkeHeader.Size, message.Length, out _, out byte offender);
        Assert.Equal(IkeParseError.UnsupportedCriticalPayload, error);
        Assert.Equal(200, offender);
    }

    [Fact]
    public void Chain_TooManyPayloads_IsRefused()
    {
        IkePayload[] many = Enumerable.Repeat(new IkeNotifyPayload(IkeNotifyType.Cookie2), IkeLimits.MaxPayloads + 1).ToArray();
        Assert.Equal(IkeParseError.InvalidSyntax, Feed(Write(Header(), many)));
        Assert.Equal(IkeParseError.None, Feed(Write(Header(), many[1..])));
    }

    [Theory]
    [InlineData("00000000")] // length 0: an endless loop in careless parsers
    [InlineData("00000003")]
    [InlineData("290000080100")] // shorter than it says
    public void Chain_BadLengths_AreRefused(string hex)
    {
        byte[] body = Convert.FromHexString(hex);
        Assert.Equal(IkeParseError.InvalidSyntax, IkePayloadChain.Parse(IkePayloadType.Notify, body, 0, body.Length, out _, out _));
    }

    [Theory]
    [InlineData("0000000801010000")] // proposal shorter than its own header: too few bytes
    [InlineData("0000000C0101040200000000")] // says 4 SPI bytes and 2 transforms, has none
    [InlineData("0200000801030000")] // "more follow", nothing follows
    [InlineData("00000010010300010300000801000014")] // the last transform says that more follow
    [InlineData("00000014010300010000000C01000014000E00FF")] // attribute longer than the transform
    public void SaPayload_BadCounts_AreRefused(string hex)
    {
        bool parsed = IkeSaPayload.TryParse(Convert.FromHexString(hex), out IkePayload? payload);
        // a proposal without transforms is well-formed and never chosen
        Assert.True(!parsed || ((IkeSaPayload)payload!).Proposals.All(p => p.Transforms.Count == 0));
    }

    [Theory]
    [InlineData(15, false)]
    [InlineData(16, true)]
    [InlineData(256, true)]
    [InlineData(257, false)]
    public void Nonce_Length_IsBounded(int length, bool accepted) =>
        Assert.Equal(accepted, IkeNoncePayload.TryParse(new byte[length], out _));

    [Theory]
    [InlineData("studio.example.net", true)]
    [InlineData("STUDIO.example.net.", true)]
    [InlineData("studio example", false)]
    [InlineData("", false)]
    [InlineData(".", false)]
    public void Identification_HostName_IsNormalized(string name, bool accepted)
    {
        Assert.Equal(accepted, IkeIdentificationPayload.FromHostName(true, name).TryGetHostName(out string read));
        if (accepted) Assert.Equal("studio.example.net", read);
    }

    private static IkeHeader Header() => new()
    {
        InitiatorSpi = 0x1122334455667788,
        ResponderSpi = 0x99AABBCCDDEEFF00,
        Version = IkeHeader.Version2,
        Exchange = IkeExchangeType.IkeAuth,
        Flags = IkeHeaderFlags.Initiator,
        MessageId = 1,
    };

    private static IkePayload[] Samples() =>
    [
        new IkeSaPayload(
        [
            new IkeProposal
            {
                Number = 1,
                Protocol = IkeProtocolId.Esp,
                Spi = IkeProposal.SpiBytes(0xAABBCCDDu),
                Transforms = [new(IkeTransformType.Encryption, 20, 256), new(IkeTransformType.SequenceNumbers, 1), new(IkeTransformType.SequenceNumbers, 0)],
            },
            new IkeProposal { Number = 2, Protocol = IkeProtocolId.Ike, Spi = IkeProposal.SpiBytes(5ul), Transforms = [new(IkeTransformType.Prf, 6)] },
        ]),
        new IkeKeyExchangePayload(19, new byte[64]),
        new IkeNoncePayload(new byte[32]),
        IkeIdentificationPayload.FromHostName(true, "a.example"),
        IkeIdentificationPayload.FromHostName(false, "b.example"),
        new IkeAuthenticationPayload(2, new byte[48]),
        new IkeNotifyPayload(IkeNotifyType.Cookie, [9, 9]),
        IkeNotifyPayload.ForEsp(IkeNotifyType.RekeySa, 77),
        new IkeDeletePayload(IkeProtocolId.Esp, [1, 2]),
        IkeDeletePayload.IkeSa,
        new IkeTrafficSelectorsPayload(true, [IkeTrafficSelector.ForHost(IPAddress.Parse("fd00::1"))]),
        new IkeTrafficSelectorsPayload(false, [IkeTrafficSelector.ForHost(IPAddress.Parse("fd00::2"))]),
        new IkeOpaquePayload(IkePayloadType.VendorId, [1, 2, 3]),
    ];

    private static byte[] Sample() => Write(Header(), Samples());

    private static byte[] Write(IkeHeader header, IReadOnlyList<IkePayload> payloads) =>
        Protocol.Ike.Crypto.IkeProtectedMessage.Write(header, payloads)!;

    private static (IkeHeader Header, List<IkePayload> Payloads) Parse(byte[] message)
    {
        Assert.True(IkeHeader.TryParse(message, out IkeHeader header));
        IkeParseError error = IkePayloadChain.Parse(header.NextPayload, message, IkeHeader.Size, message.Length, out List<IkePayload> payloads, out _);
        Assert.Equal(IkeParseError.None, error);
        return (header, payloads);
    }

    private static IkeParseError Feed(byte[] message)
    {
        if (!IkeHeader.TryParse(message, out IkeHeader header)) return IkeParseError.InvalidSyntax;
        return IkePayloadChain.Parse(header.NextPayload, message, IkeHeader.Size, message.Length, out _, out _);
    }
}
