using System.Net;
using Btmm.Protocol.Ike;
using Btmm.Protocol.Ike.Crypto;
using Btmm.Protocol.Ike.Events;
using Btmm.Protocol.Ike.Payloads;

namespace Btmm.Protocol.Tests.Ike;

/// <summary>What strangers, forgers and broken peers may send: it must change nothing, keep nothing, and never be worth more than it costs.</summary>
public sealed class IkeHostileTests
{
    private static readonly IPEndPoint s_stranger = IPEndPoint.Parse("203.0.113.66:666");

    [Fact]
    public void Endpoint_MutatedMessages_ChangeNothing()
    {
        using var world = new IkeWorld(50);
        List<byte[]> seen = [];
        world.Filter = (_, _, message) =>
        {
            seen.Add(message);
            return true;
        };
        (IkeHost a, IkeHost b) = IkeRekeyTests.Up(world, Quick);
        a.Do(e => e.RekeyChild(world.Now, b.Identifier));
        world.Run(TimeSpan.FromSeconds(10));
        a.Do(e => e.RekeyIke(world.Now, b.Identifier));
        world.Run(TimeSpan.FromSeconds(40));
        int events = a.Events.Count + b.Events.Count;
        const int seed = 77;
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        byte[][] samples = [.. seen];
        for (int i = 0; i < 100_000; i++)
        {
            byte[] changed = Mutate(samples[random.Next(samples.Length)], random);
            IkeHost host = random.Next(2) == 0 ? a : b;
            IPEndPoint from = random.Next(2) == 0 ? s_stranger : (host == a ? b : a).Public;
            host.Endpoint.HandleDatagram(world.Now, from, changed);
            while (host.Endpoint.TryTakeOutput(out _)) { }
        }

        Assert.False(a.Endpoint.TryTakeEvent(out IkeEvent? happened), happened?.ToString());
        Assert.False(b.Endpoint.TryTakeEvent(out happened), happened?.ToString());
        Assert.Equal(events, a.Events.Count + b.Events.Count);
        world.Run(TimeSpan.FromSeconds(60));
        Assert.Equal(0, a.Endpoint.HalfOpenCount + b.Endpoint.HalfOpenCount);
        Assert.Equal(2, a.Endpoint.StateCount + b.Endpoint.StateCount);
        IkeConnectTests.AssertOneTunnel(a, b);
    }

    [Fact]
    public void Endpoint_EverySingleByteChangeAndTruncation_ChangeNothing()
    {
        using var world = new IkeWorld(51);
        List<(IkeHost To, byte[] Message)> seen = [];
        world.Filter = (from, _, message) =>
        {
            seen.Add((world.Hosts.First(h => h != from), message));
            return true;
        };
        (IkeHost a, IkeHost b) = IkeRekeyTests.Up(world, Quick);
        a.Do(e => e.CheckLiveness(world.Now, b.Identifier));
        world.Run(TimeSpan.FromSeconds(1));
        foreach ((IkeHost to, byte[] message) in seen.Where(s => s.Message[18] != (byte)IkeExchangeType.IkeSaInit).ToArray())
        {
            for (int at = 0; at < message.Length; at++)
            {
                byte[] changed = [.. message];
                changed[at] ^= 0x21;
                to.Receive(s_stranger, changed);
                to.Receive(s_stranger, message[..at]);
            }
        }

        world.Run(TimeSpan.FromSeconds(30));
        Assert.Empty(a.All<PeerEndpointChanged>().Concat(b.All<PeerEndpointChanged>()));
        IkeConnectTests.AssertOneTunnel(a, b);
    }

    [Fact, Trait("rfc", "7296§2.6")]
    public void Flood_OfFirstMessages_IsBounded()
    {
        using var world = new IkeWorld(52);
        (IkeHost a, IkeHost b) = world.AddPair(Quick);
        byte[] first = FirstMessage(world, a, b);
        long received = 0;
        int answers = 0;
        long answered = 0;
        for (int i = 0; i < 5000; i++)
        {
            byte[] message = [.. first];
            BitConverter.TryWriteBytes(message, i + 1L); // another SPI each time
            received += message.Length;
            b.Endpoint.HandleDatagram(world.Now, new IPEndPoint(new IPAddress([203, 0, 113, (byte)i]), 1000 + i), message);
            while (b.Endpoint.TryTakeOutput(out IkeOutput output))
            {
                answers++;
                answered += output.Message.Length;
            }
        }

        Assert.Equal(b.Options.CookieThreshold, b.Endpoint.HalfOpenCount);
        Assert.Equal(b.Options.CookieThreshold, b.Endpoint.StateCount);
        Assert.True(answers <= 5000 && answered <= received, "the answers are larger than the flood");
        a.Connect(b); // who can receive at its address still gets in
        Assert.True(world.RunUntil(() => a.Reaches(b) && b.Reaches(a), 5));
        world.Run(TimeSpan.FromSeconds(60));
        Assert.Equal(1, b.Endpoint.StateCount);
    }

    [Fact]
    public void Flood_FromOneSource_GetsItsShareOnly()
    {
        using var world = new IkeWorld(53);
        (IkeHost a, IkeHost b) = world.AddPair(o => Quick(o) with { CookieThreshold = 1000, MaxHalfOpenPerSource = 3 });
        byte[] first = FirstMessage(world, a, b);
        for (int i = 0; i < 20; i++)
        {
            byte[] message = [.. first];
            BitConverter.TryWriteBytes(message, i + 1L);
            b.Endpoint.HandleDatagram(world.Now, new IPEndPoint(s_stranger.Address, 1000 + i), message);
        }

        Assert.Equal(3, b.Endpoint.HalfOpenCount);
    }

    [Fact, Trait("rfc", "7296§2.1")]
    public void FirstMessage_Repeated_GetsTheSameAnswerWithoutMoreState()
    {
        using var world = new IkeWorld(54);
        (IkeHost a, IkeHost b) = world.AddPair(Quick);
        byte[] first = FirstMessage(world, a, b);
        List<byte[]> answers = [];
        for (int i = 0; i < 5; i++)
        {
            b.Endpoint.HandleDatagram(world.Now, a.Public, first);
            while (b.Endpoint.TryTakeOutput(out IkeOutput output)) answers.Add(output.Message.ToArray());
        }

        Assert.Equal(5, answers.Count);
        Assert.All(answers, answer => Assert.Equal(answers[0], answer));
        Assert.Equal(1, b.Endpoint.StateCount);
    }

    [Theory]
    [InlineData("no payload at all")] // CVE-2015-3204, CVE-2013-6467
    [InlineData("no nonce")]
    [InlineData("no key exchange")]
    [InlineData("two nonces")]
    [InlineData("group 1025")] // CVE-2014-9221
    [InlineData("zero key exchange")] // CVE-2015-3240
    [InlineData("short key exchange")] // CVE-2023-41913
    [InlineData("long key exchange")]
    [InlineData("point off the curve")]
    [InlineData("proposal without group")] // CVE-2016-5391
    [InlineData("unknown prf")] // CVE-2016-3071
    [InlineData("payload of IKEv1")] // CVE-2015-3991
    [InlineData("responder SPI set")]
    [InlineData("message id 1")]
    [InlineData("response flag")]
    [InlineData("version 3")]
    public void FirstMessage_Broken_LeavesNoState(string how)
    {
        using var world = new IkeWorld(55);
        (IkeHost a, IkeHost b) = world.AddPair(Quick);
        byte[] first = FirstMessage(world, a, b);
        b.Receive(s_stranger, Break(first, how));
        Assert.Equal(0, b.Endpoint.StateCount);
        Assert.Empty(b.Events);
        Assert.True(b.BytesSent <= first.Length);
        b.Receive(s_stranger, first); // the whole one is still welcome
        Assert.Equal(1, b.Endpoint.StateCount);
    }

    [Fact] // CVE-2014-2338, CVE-2021-45079: nothing but a proof opens the door
    public void HalfOpen_OtherExchanges_AreIgnored()
    {
        using var world = new IkeWorld(56);
        (IkeHost a, IkeHost b) = world.AddPair(Quick);
        ulong first = 0, spi = 0;
        world.Filter = (from, _, message) =>
        {
            IkeHeader.TryParse(message, out IkeHeader header);
            if (from == b) (first, spi) = (header.InitiatorSpi, header.ResponderSpi);
            return header.Exchange != IkeExchangeType.IkeAuth;
        };
        a.Connect(b);
        world.RunUntil(() => b.Endpoint.HalfOpenCount == 1, 2);
        for (byte exchange = 30; exchange < 60; exchange++)
            for (uint id = 0; id < 4; id++)
                b.Receive(a.Public, Sealed(first, spi, exchange, id));

        Assert.Equal(1, b.Endpoint.StateCount);
        Assert.Empty(b.Events);
    }

    [Fact, Trait("rfc", "7296§2.21.1")]
    public void Initiator_ForgedRefusals_AreNotBelieved()
    {
        using var world = new IkeWorld(57);
        (IkeHost a, IkeHost b) = world.AddPair(Quick);
        byte[]? first = null;
        world.Filter = (from, _, message) =>
        {
            if (from == a) first ??= message;
            return true;
        };
        a.Connect(b);
        Assert.NotNull(first);
        IkeHeader.TryParse(first, out IkeHeader header);
        foreach (IkeNotifyType type in Enum.GetValues<IkeNotifyType>().Where(t => (ushort)t < 16384))
        {
            byte[] refusal = IkeProtectedMessage.Write(header with { Flags = IkeHeaderFlags.Response }, [new IkeNotifyPayload(type)])!;
            a.Receive(b.Public, refusal);
            a.Receive(s_stranger, refusal);
        }

        Assert.True(world.RunUntil(() => a.Reaches(b) && b.Reaches(a), 3));
    }

    [Fact, Trait("rfc", "7296§2.21.4")]
    public void InvalidSpi_Forged_OnlyCausesALivenessCheck()
    {
        using var world = new IkeWorld(58);
        (IkeHost a, IkeHost b) = IkeRekeyTests.Up(world, Quick);
        IkeSaInfo sa = a.Endpoint.GetSas()[0];
        var header = new IkeHeader
        {
            InitiatorSpi = sa.InitiatorSpi,
            ResponderSpi = sa.ResponderSpi,
            Version = IkeHeader.Version2,
            Exchange = IkeExchangeType.Informational,
            Flags = IkeHeaderFlags.Response,
        };
        byte[] forged = IkeProtectedMessage.Write(header, [new IkeNotifyPayload(IkeNotifyType.InvalidIkeSpi)])!;
        int sent = a.Sent;
        for (int i = 0; i < 100; i++) a.Receive(s_stranger, forged);
        Assert.Equal(1, a.Sent - sent);
        world.Run(TimeSpan.FromSeconds(20));
        IkeConnectTests.AssertOneTunnel(a, b);
        Assert.Empty(a.All<IkeSaClosed>());
    }

    [Fact]
    public void UnknownSpi_Requests_GetFewNoticesAndNoState()
    {
        using var world = new IkeWorld(59);
        (IkeHost a, _) = world.AddPair(Quick);
        var header = new IkeHeader { InitiatorSpi = 1, ResponderSpi = 2, Version = IkeHeader.Version2, Exchange = IkeExchangeType.Informational, Flags = IkeHeaderFlags.Initiator };
        byte[] request = IkeProtectedMessage.Write(header, [new IkeNotifyPayload(IkeNotifyType.Cookie2, new byte[16])])!;
        for (int i = 0; i < 1000; i++) a.Receive(s_stranger, request);
        Assert.Equal(5, a.Sent);
        Assert.Equal(0, a.Endpoint.StateCount);
        byte[] response = IkeProtectedMessage.Write(header with { Flags = IkeHeaderFlags.Response }, [new IkeNotifyPayload(IkeNotifyType.Cookie2, new byte[16])])!;
        a.Receive(s_stranger, response);
        Assert.Equal(5, a.Sent);
    }

    private static IkeOptions Quick(IkeOptions options) => options with { Suites = [IkeSuite.Aes256Gcm16PrfSha256Ecp256] };

    private static byte[] FirstMessage(IkeWorld world, IkeHost a, IkeHost b)
    {
        byte[]? first = null;
        world.Filter = (_, _, message) =>
        {
            first ??= message;
            return false;
        };
        a.Connect(b);
        a.Do(e => e.Close(world.Now, b.Identifier));
        a.Events.Clear();
        world.Filter = null;
        Assert.NotNull(first);
        return first;
    }

    /// <summary>A message for the half-open SA, sealed with a key that the sender made up.</summary>
    private static byte[] Sealed(ulong initiatorSpi, ulong responderSpi, byte exchange, uint id)
    {
        using var cipher = new IkeCipher(new byte[36]);
        var header = new IkeHeader
        {
            InitiatorSpi = initiatorSpi,
            ResponderSpi = responderSpi,
            Version = IkeHeader.Version2,
            Exchange = (IkeExchangeType)exchange,
            Flags = IkeHeaderFlags.Initiator,
            MessageId = id,
        };
        return IkeProtectedMessage.Seal(header, [IkeDeletePayload.IkeSa], cipher)!;
    }

    private static byte[] Mutate(byte[] sample, Random random)
    {
        byte[] changed = sample[..(random.Next(4) == 0 ? random.Next(sample.Length) : sample.Length)];
        for (int n = random.Next(1, 6); n > 0 && changed.Length > 0; n--) changed[random.Next(changed.Length)] ^= (byte)random.Next(1, 256);
        if (changed.Length < IkeHeader.Size || random.Next(2) == 0) return changed;
        changed[24] = changed[25] = 0;
        changed[26] = (byte)(changed.Length >> 8);
        changed[27] = (byte)changed.Length;
        return changed;
    }

    private static byte[] Break(byte[] first, string how)
    {
        IkeHeader.TryParse(first, out IkeHeader header);
        IkePayloadChain.Parse(header.NextPayload, first, IkeHeader.Size, first.Length, out List<IkePayload> payloads, out _);
        var exchange = (IkeKeyExchangePayload)payloads.Single(p => p is IkeKeyExchangePayload);
        var offer = (IkeSaPayload)payloads.Single(p => p is IkeSaPayload);
        IkePayload KeyExchange(ushort group, byte[] data) => new IkeKeyExchangePayload(group, data);
        IkePayload Without(Func<IkeTransform, bool> drop) => new IkeSaPayload(
            offer.Proposals.Select(p => p with { Transforms = p.Transforms.Where(t => !drop(t)).ToArray() }).ToArray());
        List<IkePayload> With(IkePayload other) => payloads.Select(p => p.Type == other.Type ? other : p).ToList();
        byte[] offCurve = [.. exchange.Data];
        offCurve[^1] ^= 1;
        (header, payloads) = how switch
        {
            "no payload at all" => (header, []),
            "no nonce" => (header, payloads.Where(p => p is not IkeNoncePayload).ToList()),
            "no key exchange" => (header, payloads.Where(p => p is not IkeKeyExchangePayload).ToList()),
            "two nonces" => (header, [.. payloads, new IkeNoncePayload(new byte[32])]),
            "group 1025" => (header, With(KeyExchange(1025, exchange.Data))),
            "zero key exchange" => (header, With(KeyExchange(exchange.Group, new byte[exchange.Data.Length]))),
            "short key exchange" => (header, With(KeyExchange(exchange.Group, exchange.Data[..^1]))),
            "long key exchange" => (header, With(KeyExchange(exchange.Group, new byte[8000]))),
            "point off the curve" => (header, With(KeyExchange(exchange.Group, offCurve))),
            "proposal without group" => (header, With(Without(t => t.Type == IkeTransformType.KeyExchange))),
            "unknown prf" => (header, With(Without(t => t.Type == IkeTransformType.Prf))),
            "payload of IKEv1" => (header, [new IkeOpaquePayload((IkePayloadType)1, new byte[40]), .. payloads.Skip(1)]),
            "responder SPI set" => (header with { ResponderSpi = 9 }, payloads),
            "message id 1" => (header with { MessageId = 1 }, payloads),
            "response flag" => (header with { Flags = header.Flags | IkeHeaderFlags.Response }, payloads),
            "version 3" => (header with { Version = 0x30 }, payloads),
            _ => throw new ArgumentOutOfRangeException(nameof(how)),
        };
        return IkeProtectedMessage.Write(header, payloads)!;
    }
}
