using Btmm.Core.Diagnostics;
using Btmm.Core.Dns;
using Btmm.TestKit;

namespace Btmm.Core.Tests.Dns;

public sealed class LeaseRenewerTests
{
    private static readonly TimeSpan s_lease = TimeSpan.FromMinutes(90);
    private readonly FakeClock _clock = new();
    private readonly List<TimeSpan> _attempts = [];
    private readonly List<BtmmException?> _reports = [];

    [Fact]
    [Trait("rfc", "9664§5")]
    public async Task Lease_Running_IsRefreshedAt80To85Percent()
    {
        using var stop = new CancellationTokenSource();
        Task run = Renewer(() => false).RunAsync(s_lease, stop.Token);
        await _clock.RunUntilAsync(() => _attempts.Count == 3, TimeSpan.FromHours(6));
        TimeSpan last = TimeSpan.Zero;
        foreach (TimeSpan attempt in _attempts)
        {
            Assert.InRange((attempt - last) / s_lease, 0.80, 0.85);
            last = attempt;
        }

        Assert.All(_reports, Assert.Null);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
    }

    [Fact]
    [Trait("rfc", "9664§5")]
    public async Task Refresh_Failing_IsTriedNineMoreTimesThenRegisteredAnew()
    {
        using var stop = new CancellationTokenSource();
        Task run = Renewer(() => _attempts.Count <= 12).RunAsync(s_lease, stop.Token);
        await _clock.RunUntilAsync(() => _attempts.Count == 13, TimeSpan.FromHours(3));
        Assert.InRange(_attempts[0] / s_lease, 0.80, 0.85);
        Assert.True(_attempts[9] < s_lease);
        Assert.All(_reports.Take(12), Assert.NotNull);
        await Eventually.HoldsAsync(() => _reports.Count == 13, "the last attempt is reported");
        Assert.Null(_reports[12]);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
    }

    [Fact]
    public async Task Run_WithoutALease_RegistersFirst()
    {
        using var stop = new CancellationTokenSource();
        Task run = Renewer(() => false).RunAsync(null, stop.Token);
        await Eventually.HoldsAsync(() => _attempts.Count == 1, "it is registered");
        Assert.Equal(TimeSpan.Zero, _attempts[0]);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
    }

    private LeaseRenewer Renewer(Func<bool> fails) => new(
        _ =>
        {
            _attempts.Add(_clock.Elapsed);
            return fails() ? throw new BtmmException(BtmmErrorReason.Timeout, "x", "y") : Task.FromResult(s_lease);
        },
        _reports.Add,
        _clock);
}
