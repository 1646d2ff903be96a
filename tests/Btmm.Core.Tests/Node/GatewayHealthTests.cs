using System.Net;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal;
using Btmm.Core.NatTraversal.Memory;
using Btmm.Core.NatTraversal.Verdicts;
using Btmm.Core.Node;
using Btmm.TestKit;

namespace Btmm.Core.Tests.Node;

public sealed class GatewayHealthTests : IAsyncLifetime
{
    private readonly FakeClock _clock = new();
    private readonly List<(TimeSpan At, EndpointState State)> _examined = [];
    private readonly GatewayHealth _health;
    private GatewayVerdictKind _kind = GatewayVerdictKind.SingleNat;
    private TimeSpan _takes = TimeSpan.FromSeconds(1);

    public GatewayHealthTests() => _health = new GatewayHealth(ExamineAsync, _clock);

    public ValueTask InitializeAsync()
    {
        _health.Start();
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => _health.DisposeAsync();

    [Fact]
    public async Task Endpoint_Settled_IsExaminedOnceAndAfterACalm()
    {
        _health.EndpointChanged(new EndpointState { Phase = EndpointPhase.Searching });
        await _clock.RunForAsync(TimeSpan.FromMinutes(1));
        Assert.Empty(_examined);
        _health.EndpointChanged(Available());
        await _clock.RunForAsync(TimeSpan.FromMinutes(5));
        Assert.Equal(TimeSpan.FromMinutes(1) + GatewayHealth.DefaultCalm, Assert.Single(_examined).At);
        Assert.Equal(GatewayVerdictKind.SingleNat, _health.Current?.Kind);
        Assert.Single(Verdicts());
        _health.EndpointChanged(Available(port: 40001));
        await _clock.RunForAsync(TimeSpan.FromMinutes(5));
        Assert.Single(_examined);
    }

    [Fact]
    public async Task Endpoint_LostOrFound_IsExaminedAgainAndToldWhenTheVerdictIsNew()
    {
        _health.EndpointChanged(Available());
        await _clock.RunForAsync(TimeSpan.FromMinutes(1));
        _health.EndpointChanged(Unavailable(BtmmErrorReason.Timeout));
        await _clock.RunForAsync(TimeSpan.FromMinutes(1));
        Assert.Equal(2, _examined.Count);
        Assert.Single(Verdicts());
        _kind = GatewayVerdictKind.NoMapping;
        _health.EndpointChanged(Unavailable(BtmmErrorReason.PortMappingNotAuthorized));
        await _clock.RunForAsync(TimeSpan.FromMinutes(1));
        Assert.Equal(GatewayVerdictKind.NoMapping, Assert.Single(Verdicts()).Kind);
    }

    [Fact]
    public async Task Endpoint_ThatFlaps_IsExaminedSoOftenAndNoOftener()
    {
        for (int i = 0; i < 100; i++)
        {
            _health.EndpointChanged(i % 2 == 0 ? Available() : Unavailable(BtmmErrorReason.Timeout));
            await _clock.RunForAsync(TimeSpan.FromSeconds(0.5));
        }

        Assert.InRange(_examined.Count, 2, 4);
        Assert.Equal(EndpointPhase.Unavailable, _examined[^1].State.Phase);
    }

    [Fact]
    public async Task Network_ChangedDuringAnExamination_EndsItAndForgets()
    {
        _takes = TimeSpan.FromSeconds(4);
        _health.EndpointChanged(Available());
        await _clock.RunForAsync(TimeSpan.FromSeconds(3));
        Assert.Single(_examined);
        _health.NetworkChanged();
        await _clock.RunForAsync(TimeSpan.FromMinutes(1));
        Assert.Null(_health.Current);
        Assert.Empty(Verdicts());
        _health.EndpointChanged(Available());
        await _clock.RunForAsync(TimeSpan.FromMinutes(1));
        Assert.Equal(2, _examined.Count);
        Assert.Single(Verdicts());
    }

    [Fact]
    public async Task Network_Changed_TheSameVerdictIsToldAgain()
    {
        _health.EndpointChanged(Available());
        await _clock.RunForAsync(TimeSpan.FromMinutes(1));
        _health.NetworkChanged();
        _health.EndpointChanged(Available());
        await _clock.RunForAsync(TimeSpan.FromSeconds(4));
        Assert.Equal(2, Verdicts().Count);
    }

    [Fact]
    public async Task Dispose_DuringAnExamination_EndsAtOnce()
    {
        _takes = TimeSpan.FromHours(1);
        var other = new GatewayHealth(ExamineAsync, _clock);
        other.Start();
        other.EndpointChanged(Available());
        await _clock.RunForAsync(TimeSpan.FromSeconds(3));
        Assert.Single(_examined);
        await other.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        Assert.True(other.Verdicts.Completion.IsCompleted);
    }

    [Fact]
    public void KnownMapping_OfAState_IsWhatTheKeeperKnows()
    {
        var memory = new MappingMemory(SystemRandomSource.Instance);
        memory.NoteMethod(IPAddress.Parse("192.168.1.1"), PortMappingMethod.Pcp);
        MappingTrial? held = NodeExaminer.KnownMapping(Available(), memory);
        Assert.Equal((PortMappingMethod.Pcp, 40000, "203.0.113.9"), (held!.Method, held.ExternalPort, $"{held.ExternalAddress}"));
        MappingTrial? refused = NodeExaminer.KnownMapping(Unavailable(BtmmErrorReason.PortMappingNotAuthorized), memory);
        Assert.Equal((false, BtmmErrorReason.PortMappingNotAuthorized), (refused!.Works, refused.Refusal));
        Assert.Null(NodeExaminer.KnownMapping(Unavailable(BtmmErrorReason.NoGateway), memory));
        EndpointState own = Available() with { Candidates = [new EndpointCandidate(EndpointCandidateKind.DirectPublic, IPAddress.Parse("203.0.113.9"), 40000, null)] };
        Assert.Null(NodeExaminer.KnownMapping(own, memory));
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
        return new GatewayVerdict { Kind = _kind, Summary = $"{_kind}." };
    }
}
