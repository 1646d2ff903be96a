using Btmm.Core.NatTraversal;
using Btmm.Core.NatTraversal.Keeping;
using Btmm.Core.Tests.NatTraversal.Auto;
using Btmm.Protocol;
using Btmm.Protocol.NatTraversal.NatPmp;
using Btmm.TestKit;

namespace Btmm.Core.Tests.NatTraversal.Keeping;

/// <summary>Announcements and suspicions that come at the wrong time, or all the time.</summary>
public sealed class MappingKeeperHintTests : IAsyncDisposable
{
    private static readonly TimeSpan s_step = TimeSpan.FromSeconds(0.5);
    private readonly AutoFixture _lab = new();
    private readonly FakeGatewayFinder _routes = new();
    private readonly MappingKeeper _keeper;

    public MappingKeeperHintTests()
    {
        _routes.Set("192.168.1.1", "192.168.1.100");
        _lab.UseOnly(_lab.NatPmp);
        _keeper = new MappingKeeper(
            new MappingKeeperOptions { InternalPort = AutoFixture.Port, PollInterval = TimeSpan.FromMinutes(5) },
            _routes,
            _lab,
            _lab.Clock,
            new LongestRandom(),
            _lab.Memory);
    }

    public async ValueTask DisposeAsync() => await _lab.RunAsync(_keeper.StopAsync());

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Hints_AllTheTimeAndASlowGateway_StillMapped(bool announced)
    {
        _lab.NatPmp.Delay = TimeSpan.FromSeconds(3); // A question and a mapping: each look takes six.
        _keeper.Start();
        for (int i = 0; i < 80 && _keeper.Current.Phase != EndpointPhase.Available; i++)
        {
            if (announced) _lab.NatPmp.Announce(stateLost: false);
            else _keeper.CheckNow();
            await _lab.Clock.RunForAsync(s_step);
        }

        Assert.Equal(EndpointPhase.Available, _keeper.Current.Phase);
    }

    [Fact]
    public async Task Announcements_ForgedRestartsAllTheTime_AreToldSeldom()
    {
        await StartAsync();
        int told = 0;
        for (int i = 0; i < 50; i++)
        {
            _lab.NatPmp.Announce(stateLost: true);
            await _lab.Clock.RunForAsync(s_step);
            while (_keeper.GatewayRestarts.TryRead(out _)) told++;
        }

        Assert.Equal(1, told);
        _lab.NatPmp.StateLossCount++; // The gateway's own answer is another thing.
        _keeper.CheckNow();
        await _lab.Clock.RunUntilAsync(() => _keeper.GatewayRestarts.TryRead(out _), TimeSpan.FromSeconds(10));
    }

    [Fact]
    [Trait("rfc", "6886§3.7")]
    public async Task Announcement_DuringALook_IsWaitedForAsAtAnyOtherTime()
    {
        await StartAsync();
        _lab.NatPmp.Delay = s_step;
        int queries = _lab.NatPmp.Queries;
        _keeper.CheckNow();
        await _lab.Clock.RunUntilAsync(() => _lab.NatPmp.Queries == queries + 1, TimeSpan.FromSeconds(5));
        _lab.NatPmp.Announce(stateLost: true);
        TimeSpan start = _lab.Clock.Elapsed;
        await _lab.Clock.RunUntilAsync(() => _lab.NatPmp.Queries == queries + 2, TimeSpan.FromSeconds(30));
        Assert.InRange(_lab.Clock.Elapsed - start, NatPmpConstants.MaxRecreationDelay - s_step, NatPmpConstants.MaxRecreationDelay + s_step);
    }

    private async Task StartAsync()
    {
        _keeper.Start();
        await _lab.Clock.RunUntilAsync(() => _keeper.Current.Phase == EndpointPhase.Available, TimeSpan.FromSeconds(10));
        await _lab.Clock.RunForAsync(TimeSpan.FromSeconds(5));
    }

    /// <summary>Every random wait is the longest.</summary>
    private sealed class LongestRandom : IRandomSource
    {
        public void Fill(Span<byte> buffer) => buffer.Fill(0xFF);
    }
}
