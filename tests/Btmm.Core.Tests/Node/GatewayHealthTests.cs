using System.Net;
using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal;
using Btmm.Core.NatTraversal.Verdicts;
using Btmm.Core.Node;
using Btmm.TestKit;

namespace Btmm.Core.Tests.Node;

public sealed class GatewayHealthTests : IAsyncLifetime
{
    private readonly FakeClock _clock = new();
    private readonly List<(TimeSpan At, EndpointState State)> _examined = [];
    private readonly GatewayHealth _health;
    private EndpointState? _endpoint;
    private GatewayVerdictKind _kind = GatewayVerdictKind.SingleNat;
    private TimeSpan _takes = TimeSpan.FromSeconds(1);
    private Exception? _fault;

    public GatewayHealthTests() => _health = new GatewayHealth(() => _endpoint, ExamineAsync, _clock);

    public ValueTask InitializeAsync()
    {
        _health.Start();
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => _health.DisposeAsync();

    [Fact]
    public async Task Endpoint_Settled_IsExaminedOnceAndAfterACalm()
    {
        await _clock.RunForAsync(TimeSpan.FromMinutes(1));
        Assert.Empty(_examined);
        Become(Available());
        await _clock.RunForAsync(TimeSpan.FromMinutes(5));
        Assert.Equal(TimeSpan.FromMinutes(1) + GatewayHealth.Calm, Assert.Single(_examined).At);
        Assert.Equal(GatewayVerdictKind.SingleNat, _health.Current?.Kind);
        Assert.Single(Verdicts());
        Become(Available(port: 40001));
        await _clock.RunForAsync(TimeSpan.FromHours(5));
        Assert.Single(_examined);
    }

    [Fact]
    public async Task Endpoint_LostOrFound_IsExaminedAgainAndToldWhenTheVerdictIsNew()
    {
        Become(Available());
        await _clock.RunForAsync(TimeSpan.FromMinutes(1));
        Become(Unavailable(BtmmErrorReason.Timeout));
        await _clock.RunForAsync(TimeSpan.FromMinutes(1));
        Assert.Equal(2, _examined.Count);
        Assert.Single(Verdicts());
        _kind = GatewayVerdictKind.NoMapping;
        Become(Unavailable(BtmmErrorReason.PortMappingNotAuthorized));
        await _clock.RunForAsync(TimeSpan.FromMinutes(1));
        Assert.Equal(GatewayVerdictKind.NoMapping, Assert.Single(Verdicts()).Kind);
    }

    [Fact]
    public async Task Endpoint_ThatFlaps_IsExaminedSoOftenAndNoOftener()
    {
        for (int i = 0; i < 100; i++)
        {
            Become(i % 2 == 0 ? Available() : Unavailable(BtmmErrorReason.Timeout));
            await _clock.RunForAsync(TimeSpan.FromSeconds(0.7));
        }

        await _clock.RunForAsync(TimeSpan.FromMinutes(1));
        Assert.InRange(_examined.Count, 2, 6);
        Assert.Equal(EndpointPhase.Unavailable, _examined[^1].State.Phase);
    }

    [Fact]
    public async Task Endpoint_LostForAMomentOnly_IsNotExaminedAsLost()
    {
        Become(Available());
        await _clock.RunForAsync(TimeSpan.FromSeconds(5));
        Become(Unavailable(BtmmErrorReason.Timeout));
        await _clock.RunForAsync(TimeSpan.FromSeconds(1));
        Become(Available());
        await _clock.RunForAsync(TimeSpan.FromMinutes(1));
        Assert.Equal(EndpointPhase.Available, Assert.Single(_examined).State.Phase);
    }

    [Fact]
    public async Task Network_ChangedDuringAnExamination_EndsItAndForgets()
    {
        _takes = TimeSpan.FromSeconds(4);
        Become(Available());
        await _clock.RunForAsync(TimeSpan.FromSeconds(3));
        Assert.Single(_examined);
        _endpoint = null;
        _health.NetworkChanged();
        await _clock.RunForAsync(TimeSpan.FromMinutes(1));
        Assert.Null(_health.Current);
        Assert.Empty(Verdicts());
        Become(Available());
        await _clock.RunForAsync(TimeSpan.FromMinutes(1));
        Assert.Equal(2, _examined.Count);
        Assert.Single(Verdicts());
    }

    // The keeper does not tell again what is the same after a sleep, or on another network without mapping.
    [Fact]
    public async Task Network_ChangedAndTheEndpointIsTheSame_IsExaminedAndToldAgain()
    {
        Become(Available());
        await _clock.RunForAsync(TimeSpan.FromMinutes(1));
        _health.NetworkChanged();
        Assert.Null(_health.Current);
        await _clock.RunForAsync(TimeSpan.FromMinutes(1));
        Assert.Equal(2, _examined.Count);
        Assert.Equal(2, Verdicts().Count);
        Assert.NotNull(_health.Current);
    }

    [Fact]
    public async Task ZoneService_ReachedAtLast_IsAReasonUnlessOthersCanReachThisHost()
    {
        _kind = GatewayVerdictKind.CaptivePortal;
        Become(Unavailable(BtmmErrorReason.PortMappingUnsupported));
        await _clock.RunForAsync(TimeSpan.FromMinutes(1));
        _kind = GatewayVerdictKind.SingleNat;
        _health.ZoneServiceReached();
        await _clock.RunForAsync(TimeSpan.FromSeconds(4));
        Assert.Equal([GatewayVerdictKind.CaptivePortal, GatewayVerdictKind.SingleNat], Verdicts().Select(verdict => verdict.Kind));
        _health.ZoneServiceReached();
        await _clock.RunForAsync(TimeSpan.FromHours(1));
        Assert.Equal(2, _examined.Count);
    }

    [Fact]
    public async Task ZoneService_ReachedDuringAnExamination_IsAReasonForAnother()
    {
        _kind = GatewayVerdictKind.Unknown;
        Become(Unavailable(BtmmErrorReason.PortMappingUnsupported));
        await _clock.RunForAsync(TimeSpan.FromSeconds(2.5));
        Assert.Single(_examined);
        _health.ZoneServiceReached();
        await _clock.RunForAsync(TimeSpan.FromMinutes(1));
        Assert.Equal(2, _examined.Count);
    }

    [Fact]
    public async Task Verdict_ThatOthersCannotReachThisHost_IsLookedIntoNowAndThen()
    {
        _kind = GatewayVerdictKind.UdpBlocked;
        Become(Available());
        await _clock.RunForAsync(TimeSpan.FromHours(1));
        Assert.InRange(_examined.Count, 4, 5);
        Assert.Single(Verdicts());
        _kind = GatewayVerdictKind.SingleNat;
        await _clock.RunForAsync(TimeSpan.FromHours(1));
        Assert.Equal(GatewayVerdictKind.SingleNat, Assert.Single(Verdicts()).Kind);
        Assert.InRange(_examined.Count, 5, 6);
    }

    [Fact]
    public async Task Examination_ThatFails_IsToldAtOnceAndTriedAgainLater()
    {
        _fault = new InvalidOperationException("broken");
        Become(Available());
        await _clock.RunForAsync(TimeSpan.FromSeconds(4));
        Assert.True(_health.Faults.TryRead(out Exception? told));
        Assert.Same(_fault, told);
        Assert.Null(_health.Current);
        _fault = null;
        await _clock.RunForAsync(GatewayHealth.Repetition + GatewayHealth.Spacing);
        Assert.Equal(2, _examined.Count);
        Assert.Equal(GatewayVerdictKind.SingleNat, _health.Current?.Kind);
        Assert.False(_health.Faults.TryRead(out _));
    }

    [Fact]
    public async Task Dispose_DuringAnExamination_EndsAtOnce()
    {
        _takes = TimeSpan.FromHours(1);
        _endpoint = Available();
        var other = new GatewayHealth(() => _endpoint, ExamineAsync, _clock);
        other.Start();
        other.EndpointChanged();
        await _clock.RunForAsync(TimeSpan.FromSeconds(3));
        Assert.Single(_examined);
        await other.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        Assert.True(other.Verdicts.Completion.IsCompleted);
        Assert.True(other.Faults.Completion.IsCompleted);
    }

    private static EndpointState Available(int port = 40000) => new()
    {
        Phase = EndpointPhase.Available,
        Gateway = IPAddress.Parse("192.168.1.1"),
        Candidates = [new EndpointCandidate(EndpointCandidateKind.Mapped, IPAddress.Parse("203.0.113.9"), port, null)],
    };

    private static EndpointState Unavailable(BtmmErrorReason reason) => new()
    {
        Phase = EndpointPhase.Unavailable,
        Gateway = IPAddress.Parse("192.168.1.1"),
        Reason = reason,
    };

    private void Become(EndpointState state)
    {
        _endpoint = state;
        _health.EndpointChanged();
    }

    private List<GatewayVerdict> Verdicts()
    {
        List<GatewayVerdict> told = [];
        while (_health.Verdicts.TryRead(out GatewayVerdict? verdict)) told.Add(verdict);
        return told;
    }

    private async Task<GatewayVerdict> ExamineAsync(EndpointState state, CancellationToken cancellationToken)
    {
        _examined.Add((_clock.Elapsed, state));
        await Task.Delay(_takes, _clock, cancellationToken);
        if (_fault is { } fault) throw fault;
        return new GatewayVerdict { Kind = _kind, Summary = $"{_kind}." };
    }
}
