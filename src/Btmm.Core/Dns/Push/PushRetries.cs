using Btmm.Core.Diagnostics;
using Btmm.Core.Dns.Tls;
using Btmm.Protocol.Dns.Push;

namespace Btmm.Core.Dns.Push;

/// <summary>When which server may be tried again (RFC 8490 §6.6.3). Used by its client's loop alone.</summary>
internal sealed class PushRetries(PushClientOptions options)
{
    private static readonly TimeSpan s_firstDelay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_distrustDelay = TimeSpan.FromMinutes(1);

    // RFC 8490 §6.6.3.2: a connection that is dropped twice before it was of use is not tried a third time soon.
    private const int MaxDrops = 2;

    private readonly Dictionary<TlsEndPoint, TimeSpan> _notBefore = [];
    private readonly Dictionary<TlsEndPoint, TimeSpan> _asked = []; // by the server itself: that holds whatever happens here
    private TimeSpan _delay = s_firstDelay;
    private int _drops;

    /// <summary>The first server in the zone's order that may be tried now; else when the first one may.</summary>
    internal TlsEndPoint? Choose(TimeSpan now, IReadOnlyList<TlsEndPoint> servers, out TimeSpan next)
    {
        next = TimeSpan.MaxValue;
        foreach (TlsEndPoint server in servers)
        {
            TimeSpan time = Later(_notBefore.GetValueOrDefault(server), _asked.GetValueOrDefault(server));
            if (time <= now) return server;
            if (time < next) next = time;
        }

        return null;
    }

    /// <summary>A server tells of everything that is watched.</summary>
    internal void Succeeded()
    {
        _delay = s_firstDelay;
        _drops = 0;
    }

    /// <summary>The host's network changed: what failed may have failed because of it. What the server itself said stays.</summary>
    internal void Reset()
    {
        Succeeded();
        _notBefore.Clear();
    }

    /// <summary>A connection did not come about, or the key was not accepted on it.</summary>
    internal void Failed(TimeSpan now, TlsEndPoint server, BtmmException error)
    {
        // A handshake that breaks off may be that of a server which is just stopping, so it is no reason for more than the usual wait.
        bool isDistrusted = error.Reason is not (BtmmErrorReason.Timeout or BtmmErrorReason.Unreachable or BtmmErrorReason.TlsUnavailable);
        _notBefore[server] = now + (isDistrusted && _delay < s_distrustDelay ? s_distrustDelay : _delay);
        _delay = _delay * 2 < options.MaxRetryDelay ? _delay * 2 : options.MaxRetryDelay;
    }

    /// <summary>A session has ended.</summary>
    /// <param name="now">The time.</param>
    /// <param name="server">The server.</param>
    /// <param name="end">How; none when the connection just ended.</param>
    /// <param name="retryAfter">What the server said of its return.</param>
    /// <param name="wasActive">Whether it had told of everything.</param>
    internal void Ended(TimeSpan now, TlsEndPoint server, PushSessionEnd end, TimeSpan retryAfter, bool wasActive)
    {
        switch (end)
        {
            case PushSessionEnd.RetryDelay:
                _asked[server] = now + retryAfter;
                break;
            case PushSessionEnd.NotSupported or PushSessionEnd.NoAnswer or PushSessionEnd.ProtocolError:
                _notBefore[server] = now + options.UnsupportedRetryInterval;
                break;
            case PushSessionEnd.Silent:
                _notBefore[server] = now + s_firstDelay;
                break;
            case PushSessionEnd.None when !wasActive && ++_drops >= MaxDrops:
                _drops = 0;
                _notBefore[server] = now + options.UnsupportedRetryInterval;
                break;
            case PushSessionEnd.None when !wasActive:
                _notBefore[server] = now + s_firstDelay;
                break;
        }
    }

    /// <summary>The server did not accept a subscription.</summary>
    internal void Refused(TimeSpan now, TlsEndPoint server, TimeSpan retryAfter) => _asked[server] = now + retryAfter;

    private static TimeSpan Later(TimeSpan left, TimeSpan right) => left > right ? left : right;
}
