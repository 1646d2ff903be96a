using System.Diagnostics.CodeAnalysis;
using System.Net;
using Btmm.Core.Administration;
using Btmm.Protocol;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Tsig;
using Btmm.Server.Hosting;
using Btmm.Server.Zones;

namespace Btmm.Server.Transfers;

/// <summary>
/// Tells secondaries that a zone has changed (RFC 1996): virtual time in, messages out. Changes that follow each other closely
/// are told once; what is not answered is sent again at growing intervals. Thread-safe.
/// </summary>
internal sealed class ZoneNotifier(ServiceClock clock, IRandomSource random, ITsigKeyRing keys, ServerMetrics metrics)
{
    // Waits for more changes to come, and is the least time between two notifications of one zone to one secondary.
    private static readonly TimeSpan s_gathering = TimeSpan.FromMilliseconds(100);

    // RFC 1996 §3.6 suggests 60 s and 5 tries; ours take 2, 4, 8, 16, 32 and 64 s, together about as long as one of these.
    private static readonly TimeSpan s_firstWait = TimeSpan.FromSeconds(2);
    private const int MaxAttempts = 6;

    private readonly Lock _gate = new();
    private readonly Dictionary<(DnsName Zone, IPEndPoint Target), Notification> _pending = [];

    /// <summary>When there is something to do next.</summary>
    internal TimeSpan? NextTimeout
    {
        get
        {
            lock (_gate)
                return _pending.Count == 0 ? null : _pending.Values.Min(static item => item.Due);
        }
    }

    /// <summary>A zone has changed, or may have without the secondaries' knowledge.</summary>
    internal void Announce(Zone zone, IEnumerable<ZoneSecondary> targets)
    {
        lock (_gate)
        {
            foreach (ZoneSecondary target in targets)
            {
                if (_pending.TryGetValue((zone.Apex, target.EndPoint), out Notification? pending))
                    pending.IsStale = true;
                else
                    _pending[(zone.Apex, target.EndPoint)] = new Notification(zone, target) { Due = clock.Now + s_gathering };
            }
        }
    }

    /// <summary>Takes the next message that is due.</summary>
    internal bool TryTakeOutput(out NotifyOutput output)
    {
        lock (_gate)
        {
            TimeSpan now = clock.Now;
            while (_pending.Values.FirstOrDefault(item => item.Due <= now) is { } due)
            {
                if (TrySend(due, now, out byte[]? message))
                {
                    output = new NotifyOutput(message, due.Target);
                    return true;
                }

                metrics.Add(ServerCount.NotifiesUnanswered);
                ServerLog.Instance.NotifyFailed(due.Zone.Apex.ToString(), due.Target.ToString());
                Finish(due, now);
            }

            output = default;
            return false;
        }
    }

    /// <summary>A response came; it counts when it is from the secondary that was told.</summary>
    internal void HandleResponse(ReadOnlySpan<byte> message, IPEndPoint from)
    {
        if (!DnsMessage.TryParse(message, out DnsMessage? answer) || answer.Questions is not [DnsQuestion question])
            return;
        lock (_gate)
        {
            if (_pending.TryGetValue((question.Name, from), out Notification? pending) && pending.IsAnsweredBy(message, clock.UtcNow))
                Finish(pending, clock.Now);
        }
    }

    private bool TrySend(Notification due, TimeSpan now, [NotNullWhen(true)] out byte[]? message)
    {
        message = null;
        if (due.Attempts >= MaxAttempts)
            return false;
        Span<byte> id = stackalloc byte[sizeof(ushort)];
        random.Fill(id);
        due.IsStale = false;
        due.Due = now + (s_firstWait * (1 << due.Attempts));
        if (!due.TryWrite(BitConverter.ToUInt16(id), keys, clock.UtcNow, out message))
            return false;
        if (due.Attempts++ == 0)
            metrics.Add(ServerCount.NotifiesSent);
        return true;
    }

    private void Finish(Notification pending, TimeSpan now)
    {
        if (pending.IsStale)
        {
            pending.Attempts = 0;
            pending.Due = now + s_gathering;
            return;
        }

        _pending.Remove((pending.Zone.Apex, pending.Target));
        pending.Dispose();
    }
}
