namespace Btmm.Protocol.NatTraversal.NatPmp;

/// <summary>
/// Follows a gateway's "seconds since start of epoch" and tells when it has lost its mappings (RFC 6886 §3.6). Not thread-safe.
/// </summary>
/// <remarks>
/// expected = last value + 7/8 of the time that passed here; the gateway has lost its state when it reports less than
/// expected - 2. Worked: last 1000, 80 s pass, expected 1070; 1068 is fine, 1067 is a reboot.
/// </remarks>
public sealed class NatPmpEpoch : IGatewayEpoch
{
    private const double ClockRatio = 7.0 / 8.0;
    private const double ToleranceSeconds = 2;

    private uint? _last;
    private TimeSpan _lastAt;

    /// <inheritdoc/>
    public bool WouldBeLoss(TimeSpan now, uint epochSeconds)
    {
        if (_last is not { } last) return false;
        double passed = Math.Max(0, (now - _lastAt).TotalSeconds);
        return epochSeconds < last + (ClockRatio * passed) - ToleranceSeconds;
    }

    /// <inheritdoc/>
    public bool Observe(TimeSpan now, uint epochSeconds)
    {
        bool lost = WouldBeLoss(now, epochSeconds);
        _last = epochSeconds;
        _lastAt = now;
        return lost;
    }
}
