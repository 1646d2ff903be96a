namespace Btmm.Protocol.NatTraversal.Pcp;

/// <summary>
/// Follows a server's epoch time and tells when it may have lost its mappings (RFC 6887 §8.5): when the epoch runs backwards, or at
/// another pace than the clock here, in either direction. Not thread-safe.
/// </summary>
/// <remarks>
/// Worked, in whole seconds: last 1000; 160 s pass here; 160 - 160/16 = 150 must be at most (server's delta) + 2, so 1148 is fine and
/// 1147 is not. The other way, 1172: 172 - 172/16 = 162 is at most 160 + 2 and fine; 1173 (173 - 10 = 163) is not. With no time
/// passed, 999 is fine (reordered packets) and 998 is not.
/// </remarks>
public sealed class PcpEpoch : IGatewayEpoch
{
    private const long BackwardTolerance = 1;
    private const long Quantization = 2;
    private const long ClockError = 16;

    private long? _lastServer;
    private long _lastClient;

    /// <inheritdoc/>
    public bool WouldBeLoss(TimeSpan now, uint epochSeconds)
    {
        if (_lastServer is not { } last) return false;
        long serverDelta = epochSeconds - last;
        if (serverDelta < -BackwardTolerance) return true;
        serverDelta = Math.Max(0, serverDelta);
        long clientDelta = Math.Max(0, Seconds(now) - _lastClient);
        return clientDelta + Quantization < serverDelta - (serverDelta / ClockError)
            || serverDelta + Quantization < clientDelta - (clientDelta / ClockError);
    }

    /// <inheritdoc/>
    public bool Observe(TimeSpan now, uint epochSeconds)
    {
        bool lost = WouldBeLoss(now, epochSeconds);
        _lastServer = epochSeconds;
        _lastClient = Seconds(now);
        return lost;
    }

    private static long Seconds(TimeSpan time) => (long)Math.Floor(time.TotalSeconds);
}
