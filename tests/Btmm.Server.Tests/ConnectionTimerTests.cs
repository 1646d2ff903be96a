using Btmm.Server.Hosting;
using Btmm.Server.Transport;
using Microsoft.Extensions.Time.Testing;

namespace Btmm.Server.Tests;

public sealed class ConnectionTimerTests : IDisposable
{
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);

    private readonly FakeTimeProvider _time = new();
    private readonly ConnectionTimer _timer;
    private int _expired;

    public ConnectionTimerTests() => _timer = new ConnectionTimer(new ServiceClock(_time), () => _expired++);

    public void Dispose() => _timer.Dispose();

    [Fact]
    public void Deadline_ThatPasses_IsToldOnce()
    {
        _timer.Set(2 * s_second);
        _time.Advance(s_second);
        Assert.Equal(0, _expired);
        _time.Advance(s_second);
        Assert.Equal(1, _expired);
        _time.Advance(10 * s_second);
        Assert.Equal(1, _expired);
    }

    [Fact]
    public void Deadline_MovedAway_PassesAtItsNewTime()
    {
        _timer.Set(2 * s_second);
        _time.Advance(s_second);
        _timer.Set(5 * s_second);
        _time.Advance(4 * s_second);
        Assert.Equal(0, _expired);
        _time.Advance(s_second);
        Assert.Equal(1, _expired);
    }

    [Fact]
    public void Deadline_MovedNearer_PassesAtItsNewTime()
    {
        _timer.Set(30 * s_second);
        _timer.Set(s_second);
        _time.Advance(s_second);
        Assert.Equal(1, _expired);
        _timer.Set(s_second);
        _time.Advance(s_second);
        Assert.Equal(2, _expired);
    }

    [Fact]
    public void Deadline_Cleared_DoesNotPass()
    {
        _timer.Set(s_second);
        _timer.Clear();
        _time.Advance(10 * s_second);
        Assert.Equal(0, _expired);
    }
}
