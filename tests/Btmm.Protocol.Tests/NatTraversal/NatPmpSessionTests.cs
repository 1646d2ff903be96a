using System.Net;
using Btmm.Protocol.NatTraversal;
using Btmm.Protocol.NatTraversal.NatPmp;

namespace Btmm.Protocol.Tests.NatTraversal;

public sealed class NatPmpSessionTests
{
    private static readonly IPAddress s_gateway = IPAddress.Parse("192.168.1.1");
    private static readonly IPEndPoint s_from = new(s_gateway, NatPmpConstants.GatewayPort);
    private static readonly NatPmpRequest s_map = NatPmpRequest.Map(NatPmpOpcode.MapUdp, 4500, 4500, 3600);
    private readonly NatPmpSession _session = new(s_gateway);

    [Fact]
    [Trait("rfc", "6886§3.1")]
    public void Session_NoAnswer_SendsNineTimesDoublingThenEnds()
    {
        // --> at 0, 0.25, 0.75 ... 63.75 s; nothing comes back; the end 64 s after the last
        Assert.True(_session.TryStart(TimeSpan.Zero, s_map, NatPmpConstants.MaxTries));
        List<double> sends = [];
        TimeSpan now = TimeSpan.Zero;
        ExchangeOutcome<NatPmpResponse>? outcome;
        while (!_session.TryTakeOutcome(out outcome))
        {
            if (Sends()) sends.Add(now.TotalSeconds);
            now = _session.NextTimeout ?? now;
            _session.HandleTimeout(now);
        }

        Assert.Equal([0, 0.25, 0.75, 1.75, 3.75, 7.75, 15.75, 31.75, 63.75], sends);
        Assert.Equal(ExchangeOutcomeKind.NoAnswer, outcome.Kind);
        Assert.Equal(9, outcome.Tries);
        Assert.Equal(TimeSpan.FromSeconds(127.75), outcome.Elapsed);
        Assert.False(_session.IsBusy);
    }

    [Fact]
    public void Session_Answer_EndsTheExchange()
    {
        Assert.True(_session.TryStart(TimeSpan.Zero, s_map, NatPmpConstants.MaxTries));
        Assert.True(Sends());
        _session.HandleDatagram(TimeSpan.FromMilliseconds(20), s_from, Mapped(4500, 14500, 3600, epoch: 7));
        Assert.True(_session.TryTakeOutcome(out ExchangeOutcome<NatPmpResponse>? outcome));
        Assert.Equal(ExchangeOutcomeKind.Answered, outcome.Kind);
        Assert.Equal((ushort)14500, outcome.Response?.ExternalPort);
        Assert.Equal(TimeSpan.FromMilliseconds(20), outcome.Elapsed);
        Assert.Null(_session.NextTimeout);
        Assert.False(_session.TryTakeOutcome(out _));
    }

    [Fact]
    public void Session_Abandoned_HasNoOutcomeAndNothingToSend()
    {
        Assert.True(_session.TryStart(TimeSpan.Zero, s_map, maxTries: 1));
        Assert.True(Sends());
        Assert.False(Sends()); // Once a try.
        _session.HandleDatagram(TimeSpan.Zero, s_from, Mapped(4500, 14500, 3600, epoch: 7));
        _session.Abandon();
        Assert.False(_session.TryTakeOutcome(out _));
        Assert.True(_session.TryStart(TimeSpan.Zero, s_map, maxTries: 1));
        _session.Abandon();
        Assert.False(Sends());
        Assert.Null(_session.NextTimeout);
        Assert.False(_session.TryStart(TimeSpan.Zero, s_map, maxTries: 0));
    }

    [Fact]
    [Trait("rfc", "6886§3.1")]
    public void Session_SecondRequestWhileBusy_IsRefused()
    {
        Assert.True(_session.TryStart(TimeSpan.Zero, s_map, NatPmpConstants.MaxTries));
        Assert.False(_session.TryStart(TimeSpan.Zero, NatPmpRequest.ExternalAddress(), NatPmpConstants.MaxTries));
        _session.Abandon();
        Assert.False(_session.IsBusy);
        Assert.True(_session.TryStart(TimeSpan.Zero, NatPmpRequest.ExternalAddress(), NatPmpConstants.MaxTries));
    }

    [Fact]
    [Trait("rfc", "6886§3.3")]
    public void Session_AnswerFromElsewhere_IsIgnored()
    {
        _session.TryStart(TimeSpan.Zero, s_map, NatPmpConstants.MaxTries);
        byte[] answer = Mapped(4500, 14500, 3600, epoch: 7);
        _session.HandleDatagram(TimeSpan.Zero, IPEndPoint.Parse("192.168.1.2:5351"), answer);
        Assert.True(_session.IsBusy);
        _session.HandleDatagram(TimeSpan.Zero, IPEndPoint.Parse("192.168.1.1:1026"), answer);
        Assert.False(_session.IsBusy); // Some routers answer from another port; the address is what counts.
    }

    [Fact]
    public void Session_OtherRequestsAnswers_AreIgnored()
    {
        _session.TryStart(TimeSpan.Zero, s_map, NatPmpConstants.MaxTries);
        _session.HandleDatagram(TimeSpan.Zero, s_from, Mapped(4501, 14501, 3600, epoch: 7));
        _session.HandleDatagram(TimeSpan.Zero, s_from, Mapped(4500, 0, 0, epoch: 7));
        _session.HandleDatagram(TimeSpan.Zero, s_from, Convert.FromHexString("0080000066fda1ee01020304"));
        _session.HandleDatagram(TimeSpan.Zero, s_from, Convert.FromHexString("0082000066fda1ee119411940000ffff"));
        _session.HandleDatagram(TimeSpan.Zero, s_from, []);
        Assert.True(_session.IsBusy);
    }

    [Fact]
    public void Session_LateMapAnswerDuringDelete_IsIgnored()
    {
        _session.TryStart(TimeSpan.Zero, NatPmpRequest.Delete(NatPmpOpcode.MapUdp, 4500), NatPmpConstants.MaxTries);
        _session.HandleDatagram(TimeSpan.Zero, s_from, Mapped(4500, 4500, 3600, epoch: 7));
        Assert.True(_session.IsBusy);
        _session.HandleDatagram(TimeSpan.Zero, s_from, Mapped(4500, 0, 0, epoch: 7));
        Assert.False(_session.IsBusy);
    }

    [Theory]
    [Trait("rfc", "6886§3.5")]
    [InlineData("0000000100000007", NatPmpResult.UnsupportedVersion)]
    [InlineData("0081000200000007", NatPmpResult.NotAuthorized)]
    [InlineData("0081000511941194000003e8", NatPmpResult.UnsupportedOpcode)]
    [InlineData("0081004200000007119400000000000000", (NatPmpResult)0x42)]
    public void Session_ErrorAnswer_EndsAtOnce(string hex, NatPmpResult result)
    {
        _session.TryStart(TimeSpan.Zero, s_map, NatPmpConstants.MaxTries);
        _session.HandleDatagram(TimeSpan.Zero, s_from, Convert.FromHexString(hex));
        Assert.True(_session.TryTakeOutcome(out ExchangeOutcome<NatPmpResponse>? outcome));
        Assert.Equal(result, outcome.Response?.Result);
    }

    [Fact]
    [Trait("rfc", "6886§3.1")]
    public void Session_PortUnreachable_EndsAtOnce()
    {
        _session.TryStart(TimeSpan.Zero, s_map, NatPmpConstants.MaxTries);
        _session.HandlePortUnreachable(TimeSpan.FromMilliseconds(3));
        Assert.True(_session.TryTakeOutcome(out ExchangeOutcome<NatPmpResponse>? outcome));
        Assert.Equal(ExchangeOutcomeKind.PortUnreachable, outcome.Kind);
    }

    [Fact]
    public void Session_DuplicateAndLateAnswers_ChangeNothing()
    {
        _session.TryStart(TimeSpan.Zero, s_map, NatPmpConstants.MaxTries);
        _session.HandleDatagram(TimeSpan.Zero, s_from, Mapped(4500, 4500, 3600, epoch: 7));
        Assert.True(_session.TryTakeOutcome(out _));
        _session.HandleDatagram(TimeSpan.Zero, s_from, Mapped(4500, 4500, 3600, epoch: 7));
        _session.HandleTimeout(TimeSpan.FromSeconds(100));
        Assert.False(_session.TryTakeOutcome(out _));
        Assert.False(Sends());
    }

    [Fact]
    [Trait("rfc", "6886§3.6")]
    public void Session_EpochFallsBack_OutcomeSaysSo()
    {
        Assert.False(Exchange(TimeSpan.Zero, epoch: 1000).GatewayLostState);
        Assert.False(Exchange(TimeSpan.FromSeconds(80), epoch: 1068).GatewayLostState);
        Assert.False(_session.AnnouncesLoss(TimeSpan.FromSeconds(80), 1066));
        Assert.True(_session.AnnouncesLoss(TimeSpan.FromSeconds(80), 5));
        Assert.True(Exchange(TimeSpan.FromSeconds(90), epoch: 3).GatewayLostState);
        Assert.False(Exchange(TimeSpan.FromSeconds(91), epoch: 4).GatewayLostState);
    }

    [Theory]
    [Trait("rfc", "6886§3.6")]
    [InlineData(1000u, 80.0, 1080u, false)]
    [InlineData(1000u, 80.0, 1068u, false)]
    [InlineData(1000u, 80.0, 1067u, true)]
    [InlineData(1000u, 0.0, 998u, false)]
    [InlineData(1000u, 0.0, 997u, true)]
    [InlineData(0u, 0.0, 0u, false)]
    [InlineData(10u, 100.0, 4000000000u, false)]
    [InlineData(4294967295u, 10.0, 0u, true)]
    public void Epoch_SevenEighthsRule_Decides(uint first, double seconds, uint second, bool lost)
    {
        NatPmpEpoch epoch = new();
        Assert.False(epoch.Observe(TimeSpan.FromHours(1), first));
        Assert.Equal(lost, epoch.Observe(TimeSpan.FromHours(1) + TimeSpan.FromSeconds(seconds), second));
    }

    private ExchangeOutcome<NatPmpResponse> Exchange(TimeSpan now, uint epoch)
    {
        Assert.True(_session.TryStart(now, s_map, NatPmpConstants.MaxTries));
        _session.HandleDatagram(now, s_from, Mapped(4500, 4500, 3600, epoch));
        Assert.True(_session.TryTakeOutcome(out ExchangeOutcome<NatPmpResponse>? outcome));
        return outcome;
    }

    private bool Sends() => _session.TryTakeOutput(new byte[16], out int written) && written > 0;

    private static byte[] Mapped(ushort internalPort, ushort externalPort, uint lifetime, uint epoch)
    {
        byte[] message = new byte[16];
        NatPmpResponse response = new()
        {
            Opcode = NatPmpOpcode.MapUdp,
            Result = NatPmpResult.Success,
            EpochSeconds = epoch,
            InternalPort = internalPort,
            ExternalPort = externalPort,
            LifetimeSeconds = lifetime,
        };
        Assert.True(response.TryWrite(message, out _));
        return message;
    }
}
