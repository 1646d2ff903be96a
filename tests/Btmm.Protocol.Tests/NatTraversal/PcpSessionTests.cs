using System.Net;
using Btmm.Protocol.NatTraversal;
using Btmm.Protocol.NatTraversal.Pcp;
using Btmm.Protocol.Tests.Identity;
using Btmm.Protocol.Tests.Ike;

namespace Btmm.Protocol.Tests.NatTraversal;

public sealed class PcpSessionTests
{
    private static readonly IPAddress s_server = IPAddress.Parse("192.168.1.1");
    private static readonly IPAddress s_client = IPAddress.Parse("192.168.1.100");
    private static readonly IPAddress s_external = IPAddress.Parse("203.0.113.10");
    private static readonly IPEndPoint s_from = new(s_server, PcpConstants.ServerPort);
    private static readonly PcpMap s_map = new(PcpNonce.Create(new SeededRandom(1)), PcpMap.Udp, 4500, 4500, IPAddress.Any);
    private static readonly PcpRequest s_request = PcpRequest.MapPort(s_client, s_map, 3600);
    private readonly PcpSession _session = new(s_server, new MiddleRandom());

    [Fact]
    [Trait("rfc", "6887§8.1.1")]
    public void Session_NoAnswer_SendsBrisklyThenAtTheRfcsPace()
    {
        Assert.True(_session.TryStart(TimeSpan.Zero, s_request, PcpConstants.MaxTries));
        (List<double> sends, ExchangeOutcome<PcpResponse> outcome) = RunDown(_session);
        Assert.Equal([0, 0.25, 0.75, 1.75, 3.75, 6.75, 12.75, 24.75, 48.75], sends);
        Assert.Equal(ExchangeOutcomeKind.NoAnswer, outcome.Kind);
        Assert.Equal(9, outcome.Tries);
        Assert.Equal(TimeSpan.FromSeconds(96.75), outcome.Elapsed);
        Assert.False(_session.IsBusy);
    }

    [Fact]
    [Trait("rfc", "6887§8.1.1")]
    public void Pace_ManyTries_DoublesToItsMostAndVariesByATenth()
    {
        PcpPace middle = new(new MiddleRandom());
        PcpPace random = new(new SeededRandom(2));
        double[] waits = [.. Enumerable.Range(0, 16).Select(_ => middle.Next().TotalSeconds)];
        Assert.Equal([0.25, 0.5, 1, 2, 3, 6, 12, 24, 48, 96, 192, 384, 768, 1024, 1024, 1024], waits);
        double last = 0;
        for (int i = 0; i < 16; i++)
        {
            double wait = random.Next().TotalSeconds;
            double basis = i <= 4 ? waits[i] : Math.Min(1024, 2 * last); // RT is doubled as it came out, chance included.
            Assert.InRange(wait, basis * 0.9, basis * 1.1);
            Assert.NotEqual(basis, wait);
            last = wait;
        }
    }

    [Fact]
    [Trait("rfc", "6887§8.1.1")]
    public void Session_Retransmission_IsTheSameBytes()
    {
        Assert.True(_session.TryStart(TimeSpan.Zero, s_request, PcpConstants.MaxTries));
        byte[] first = Sent();
        _session.HandleTimeout(TimeSpan.FromSeconds(0.25));
        Assert.Equal(first, Sent());
    }

    [Fact]
    public void Session_Answer_EndsTheExchange()
    {
        Assert.True(_session.TryStart(TimeSpan.Zero, s_request, PcpConstants.MaxTries));
        Assert.False(_session.TryStart(TimeSpan.Zero, s_request, PcpConstants.MaxTries));
        _session.HandleDatagram(TimeSpan.FromMilliseconds(20), s_from, Granted());
        Assert.True(_session.TryTakeOutcome(out ExchangeOutcome<PcpResponse>? outcome));
        Assert.Equal(ExchangeOutcomeKind.Answered, outcome.Kind);
        Assert.Equal(s_external, outcome.Response?.Map?.ExternalAddress);
        Assert.Equal(TimeSpan.FromMilliseconds(20), outcome.Elapsed);
        Assert.Null(_session.NextTimeout);
        Assert.False(_session.TryTakeOutcome(out _));
        _session.HandleDatagram(TimeSpan.FromMilliseconds(30), s_from, Granted());
        Assert.False(_session.TryTakeOutcome(out _));
    }

    [Theory]
    [Trait("rfc", "6887§8.3")]
    [InlineData("192.168.1.1:5351", true)]
    [InlineData("192.168.1.1:1026", true)]
    [InlineData("192.168.1.2:5351", false)]
    [InlineData("[::ffff:192.168.1.1]:5351", false)]
    public void Session_Sender_IsTheServersAddressOnAnyPort(string from, bool accepted)
    {
        Assert.True(_session.TryStart(TimeSpan.Zero, s_request, PcpConstants.MaxTries));
        _session.HandleDatagram(TimeSpan.Zero, IPEndPoint.Parse(from), Granted());
        Assert.Equal(accepted, !_session.IsBusy);
    }

    [Theory]
    [InlineData("[fe80::1%2]:5351", true)]
    [InlineData("[fe80::1]:5351", true)]
    [InlineData("[fe80::1%3]:5351", false)]
    [InlineData("[fe80::2%2]:5351", false)]
    public void Session_LinkLocalServer_IsKnownByAddressAndInterface(string from, bool accepted)
    {
        PcpSession session = new(IPAddress.Parse("fe80::1%2"), new MiddleRandom());
        Assert.True(session.TryStart(TimeSpan.Zero, s_request, PcpConstants.MaxTries));
        session.HandleDatagram(TimeSpan.Zero, IPEndPoint.Parse(from), Granted());
        Assert.Equal(accepted, !session.IsBusy);
    }

    [Fact]
    [Trait("rfc", "6887§11.4")]
    public void Session_AnswerToAnotherMapping_IsIgnored()
    {
        Assert.True(_session.TryStart(TimeSpan.Zero, s_request, PcpConstants.MaxTries));
        PcpMap good = s_map with { ExternalAddress = s_external };
        foreach (PcpMap other in new[]
        {
            good with { Nonce = PcpNonce.Create(new SeededRandom(3)) },
            good with { Protocol = PcpMap.Tcp },
            good with { InternalPort = 4501 },
        })
        {
            _session.HandleDatagram(TimeSpan.Zero, s_from, Response(other));
            _session.HandleDatagram(TimeSpan.Zero, s_from, Response(other, PcpResult.NotAuthorized));
        }

        _session.HandleDatagram(TimeSpan.Zero, s_from, Write(new PcpResponse { Opcode = PcpOpcode.Announce, Result = PcpResult.Success }));
        _session.HandleDatagram(TimeSpan.Zero, s_from, []);
        Assert.True(_session.IsBusy);
        _session.HandleDatagram(TimeSpan.Zero, s_from, Response(good));
        Assert.False(_session.IsBusy);
    }

    [Fact]
    public void Session_ErrorOfTheHeaderAlone_EndsAtOnce()
    {
        Assert.True(_session.TryStart(TimeSpan.Zero, s_request, PcpConstants.MaxTries));
        _session.HandleDatagram(TimeSpan.Zero, s_from, Granted()[..PcpConstants.HeaderLength]);
        Assert.True(_session.IsBusy); // A success has to prove itself.
        byte[] error = Response(s_map, PcpResult.NotAuthorized);
        _session.HandleDatagram(TimeSpan.Zero, s_from, error[..PcpConstants.HeaderLength]);
        Assert.True(_session.TryTakeOutcome(out ExchangeOutcome<PcpResponse>? outcome));
        Assert.Equal(PcpResult.NotAuthorized, outcome.Response?.Result);
    }

    [Fact]
    [Trait("rfc", "6887§13.1")]
    public void Session_AnswerForAThirdParty_IsIgnored()
    {
        Assert.True(_session.TryStart(TimeSpan.Zero, s_request, PcpConstants.MaxTries));
        byte[] message = [.. Granted(), .. Convert.FromHexString("01000010" + "00000000000000000000ffffc0a80007")];
        _session.HandleDatagram(TimeSpan.Zero, s_from, message);
        Assert.True(_session.IsBusy);
    }

    [Fact]
    [Trait("rfc", "6887§15")]
    public void Session_LateAnswerToTheOtherKindOfRequest_IsIgnored()
    {
        Assert.True(_session.TryStart(TimeSpan.Zero, PcpRequest.Delete(s_client, s_map.Nonce, PcpMap.Udp, 4500), PcpConstants.MaxTries));
        _session.HandleDatagram(TimeSpan.Zero, s_from, Granted());
        Assert.True(_session.IsBusy);
        PcpMap deleted = s_map with { ExternalPort = 0 };
        _session.HandleDatagram(TimeSpan.Zero, s_from, Response(deleted, lifetime: 100)); // still in use
        Assert.False(_session.IsBusy);

        Assert.True(_session.TryStart(TimeSpan.Zero, s_request, PcpConstants.MaxTries));
        _session.HandleDatagram(TimeSpan.Zero, s_from, Response(deleted, lifetime: 0));
        Assert.True(_session.IsBusy);
    }

    [Fact]
    [Trait("rfc", "6887§13.2")]
    public void Session_PreferFailure_OtherPortIsNoAnswerToIt()
    {
        PcpMap asked = s_map with { ExternalAddress = s_external };
        Assert.True(_session.TryStart(TimeSpan.Zero, PcpRequest.MapPort(s_client, asked, 3600, new PcpOptions { PreferFailure = true }), PcpConstants.MaxTries));
        _session.HandleDatagram(TimeSpan.Zero, s_from, Response(asked with { ExternalPort = 4501 }));
        _session.HandleDatagram(TimeSpan.Zero, s_from, Response(asked with { ExternalAddress = IPAddress.Parse("203.0.113.11") }));
        Assert.True(_session.IsBusy);
        _session.HandleDatagram(TimeSpan.Zero, s_from, Response(asked));
        Assert.True(_session.TryTakeOutcome(out ExchangeOutcome<PcpResponse>? outcome));
        Assert.Equal(asked, outcome.Response?.Map);
    }

    [Fact]
    public void Session_PreferFailureIgnoredByTheServer_OtherPortIsTheAnswerWhenNothingBetterComes()
    {
        Assert.True(_session.TryStart(TimeSpan.Zero, PcpRequest.MapPort(s_client, s_map, 3600, new PcpOptions { PreferFailure = true }), PcpConstants.MaxTries));
        _session.HandleDatagram(TimeSpan.Zero, s_from, Response(s_map with { ExternalPort = 4501, ExternalAddress = s_external }));
        Assert.False(_session.TryTakeOutcome(out _));
        _session.HandleTimeout(TimeSpan.FromSeconds(0.25));
        Assert.True(_session.TryTakeOutcome(out ExchangeOutcome<PcpResponse>? outcome));
        Assert.Equal((ExchangeOutcomeKind.Answered, 1), (outcome.Kind, outcome.Tries));
        Assert.Equal((ushort)4501, outcome.Response?.Map?.ExternalPort);
    }

    [Fact]
    public void Session_PreferFailure_WithoutAnAddressAnyWillDoAndWhatCameBeforeIsForgotten()
    {
        PcpRequest request = PcpRequest.MapPort(s_client, s_map, 3600, new PcpOptions { PreferFailure = true });
        byte[] other = Response(s_map with { ExternalPort = 4501, ExternalAddress = s_external });
        Assert.True(_session.TryStart(TimeSpan.Zero, request, PcpConstants.MaxTries));
        _session.HandleDatagram(TimeSpan.Zero, s_from, other);
        _session.HandleDatagram(TimeSpan.Zero, s_from, Granted());
        Assert.True(_session.TryTakeOutcome(out ExchangeOutcome<PcpResponse>? outcome));
        Assert.Equal((ushort)4500, outcome.Response?.Map?.ExternalPort);
        Assert.True(_session.TryStart(TimeSpan.Zero, request, PcpConstants.MaxTries));
        _session.HandleTimeout(TimeSpan.FromSeconds(0.25));
        Assert.True(_session.IsBusy);
    }

    [Theory]
    [Trait("rfc", "6887§A")]
    [InlineData("0081000100000000", 0)]
    [InlineData("0000000100000000", 0)]
    [InlineData("0381000100000000", 3)]
    [InlineData("01810001", 1)]
    public void Session_OtherVersion_EndsAtOnce(string hex, byte version)
    {
        Assert.True(_session.TryStart(TimeSpan.Zero, s_request, PcpConstants.MaxTries));
        _session.HandleDatagram(TimeSpan.Zero, s_from, Convert.FromHexString(hex));
        Assert.True(_session.TryTakeOutcome(out ExchangeOutcome<PcpResponse>? outcome));
        Assert.Equal((ExchangeOutcomeKind.Answered, 1), (outcome.Kind, outcome.Tries));
        Assert.Equal((version, PcpResult.UnsupportedVersion), (outcome.Response?.Version, outcome.Response?.Result));
    }

    [Fact]
    [Trait("rfc", "6887§9")]
    public void Session_VersionItSpeaksCalledUnsupported_EndsAtOnceAndIsNotTriedAgain()
    {
        Assert.True(_session.TryStart(TimeSpan.Zero, s_request, PcpConstants.MaxTries));
        _session.HandleDatagram(TimeSpan.Zero, s_from, Response(s_map, PcpResult.UnsupportedVersion));
        Assert.True(_session.TryTakeOutcome(out ExchangeOutcome<PcpResponse>? outcome));
        Assert.Equal(PcpResult.UnsupportedVersion, outcome.Response?.Result);
        Assert.Null(_session.NextTimeout);
    }

    [Fact]
    public void Session_PortUnreachable_EndsAtOnce()
    {
        _session.HandlePortUnreachable(TimeSpan.Zero);
        Assert.True(_session.TryStart(TimeSpan.Zero, s_request, PcpConstants.MaxTries));
        _session.HandlePortUnreachable(TimeSpan.FromMilliseconds(3));
        Assert.True(_session.TryTakeOutcome(out ExchangeOutcome<PcpResponse>? outcome));
        Assert.Equal(ExchangeOutcomeKind.PortUnreachable, outcome.Kind);
    }

    [Fact]
    [Trait("rfc", "6887§14.2")]
    public void Session_MappingUpdate_IsKeptForTheCaller()
    {
        Assert.False(_session.TryTakeUnasked(out _));
        _session.HandleDatagram(TimeSpan.Zero, IPEndPoint.Parse("192.168.1.2:5351"), Granted());
        Assert.False(_session.TryTakeUnasked(out _));
        _session.HandleDatagram(TimeSpan.Zero, s_from, Granted());
        Assert.True(_session.TryTakeUnasked(out PcpResponse? update));
        Assert.Equal(s_map.Nonce, update?.Map?.Nonce);
        Assert.False(_session.TryTakeUnasked(out _));
    }

    [Fact]
    [Trait("rfc", "6887§8.5")]
    public void Session_EpochFallsBack_OutcomeSaysSoEvenInAnError()
    {
        Assert.False(Exchange(TimeSpan.Zero, epoch: 1000).GatewayLostState);
        Assert.False(Exchange(TimeSpan.FromSeconds(160), epoch: 1160).GatewayLostState);
        Assert.False(_session.AnnouncesLoss(TimeSpan.FromSeconds(160), 1159));
        Assert.True(_session.AnnouncesLoss(TimeSpan.FromSeconds(160), 5));
        Assert.True(Exchange(TimeSpan.FromSeconds(170), epoch: 3, PcpResult.NoResources).GatewayLostState);
        Assert.False(Exchange(TimeSpan.FromSeconds(171), epoch: 4).GatewayLostState);
    }

    [Theory]
    [Trait("rfc", "6887§8.5")]
    [InlineData(1000u, 160.0, 1160u, false)]
    [InlineData(1000u, 160.0, 1148u, false)] // 160 - 10 = 150 = 148 + 2
    [InlineData(1000u, 160.0, 1147u, true)]
    [InlineData(1000u, 160.0, 1172u, false)] // 172 - 10 = 162 = 160 + 2
    [InlineData(1000u, 160.0, 1173u, true)]  // 173 - 10 = 163
    [InlineData(1000u, 160.9, 1148u, false)] // whole seconds
    [InlineData(1000u, 0.0, 999u, false)]
    [InlineData(1000u, 0.0, 998u, true)]
    [InlineData(1000u, 2.0, 999u, false)]    // Reordered counts as no time at all, not as less.
    [InlineData(1000u, 0.0, 1002u, false)]
    [InlineData(1000u, 0.0, 1003u, true)]
    [InlineData(0u, 0.0, 0u, false)]
    [InlineData(10u, 100.0, 4000000000u, true)]
    [InlineData(4294967295u, 10.0, 0u, true)]
    public void Epoch_BothDirections_AreChecked(uint first, double seconds, uint second, bool lost)
    {
        PcpEpoch epoch = new();
        Assert.False(epoch.Observe(TimeSpan.FromHours(1), first));
        Assert.Equal(lost, epoch.WouldBeLoss(TimeSpan.FromHours(1) + TimeSpan.FromSeconds(seconds), second));
        Assert.Equal(lost, epoch.Observe(TimeSpan.FromHours(1) + TimeSpan.FromSeconds(seconds), second));
        Assert.False(epoch.Observe(TimeSpan.FromHours(1) + TimeSpan.FromSeconds(seconds), second));
    }

    [Fact]
    [Trait("rfc", "6887§11.2.1")]
    public void Renewal_Time_IsAnywhereBetweenHalfAndFiveEighths()
    {
        TimeSpan hour = TimeSpan.FromSeconds(3600);
        SeededRandom random = new(4);
        double[] times = [.. Enumerable.Range(0, 200).Select(_ => PcpRenewal.After(hour, random).TotalSeconds)];
        Assert.All(times, time => Assert.InRange(time, 1800, 2250));
        Assert.True(times.Min() < 1850 && times.Max() > 2200, $"{times.Min()} to {times.Max()}");
        Assert.Equal(TimeSpan.FromHours(12), PcpRenewal.After(PcpConstants.MaxLifetime, new FilledRandom(0)));
    }

    private ExchangeOutcome<PcpResponse> Exchange(TimeSpan now, uint epoch, PcpResult result = PcpResult.Success)
    {
        Assert.True(_session.TryStart(now, s_request, PcpConstants.MaxTries));
        _session.HandleDatagram(now, s_from, Response(s_map with { ExternalAddress = s_external }, result, epoch: epoch));
        Assert.True(_session.TryTakeOutcome(out ExchangeOutcome<PcpResponse>? outcome));
        return outcome;
    }

    private static (List<double> Sends, ExchangeOutcome<PcpResponse> Outcome) RunDown(PcpSession session)
    {
        List<double> sends = [];
        TimeSpan now = TimeSpan.Zero;
        ExchangeOutcome<PcpResponse>? outcome;
        while (!session.TryTakeOutcome(out outcome))
        {
            if (session.TryTakeOutput(new byte[PcpConstants.MaxMessageLength], out _)) sends.Add(now.TotalSeconds);
            now = session.NextTimeout ?? now;
            session.HandleTimeout(now);
        }

        return (sends, outcome);
    }

    private byte[] Sent()
    {
        byte[] buffer = new byte[PcpConstants.MaxMessageLength];
        Assert.True(_session.TryTakeOutput(buffer, out int written));
        return buffer[..written];
    }

    private static byte[] Granted() => Response(s_map with { ExternalAddress = s_external });

    private static byte[] Response(PcpMap map, PcpResult result = PcpResult.Success, uint lifetime = 3600, uint epoch = 7) =>
        Write(new PcpResponse { Opcode = PcpOpcode.Map, Result = result, LifetimeSeconds = lifetime, EpochSeconds = epoch, Map = map });

    private static byte[] Write(PcpResponse response)
    {
        byte[] buffer = new byte[PcpConstants.MaxMessageLength];
        Assert.True(response.TryWrite(buffer, out int written));
        return buffer[..written];
    }
}
