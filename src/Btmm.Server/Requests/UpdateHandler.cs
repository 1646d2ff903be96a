using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Edns;
using Btmm.Server.Hosting;
using Btmm.Server.Policy;
using Btmm.Server.Updates;
using Btmm.Server.Zones;

namespace Btmm.Server.Requests;

/// <summary>
/// Answers UPDATE messages (RFC 2136 §3, RFC 9664): zone section, signature, lease, quota, transaction. A repeated datagram gets
/// the answer of the first one and changes nothing. Thread-safe.
/// </summary>
internal sealed class UpdateHandler(
    ZoneDirectory zones, ServiceKeyRing keys, ServiceClock clock, ServerMetrics metrics, LeaseBounds lease, LeaseBounds keyLease)
{
    private readonly ReplayCache _replays = new(clock);

    internal async ValueTask<DnsMessage> HandleAsync(Request request, CancellationToken cancellationToken)
    {
        metrics.Add(ServerCount.Updates);
        if (request.Message.Zone is not { } section)
            return request.Reply(DnsRcode.FormErr);
        if (section.Class != DnsClass.IN || zones.FindApex(section.Name) is not { } zone)
            return request.Reply(DnsRcode.NotAuth, ExtendedDnsError.NotAuthoritative);
        if (!AccessPolicy.MayChangeZone(zone, request.Key))
            return request.Reply(DnsRcode.Refused, ExtendedDnsError.Prohibited);
        if (HasBadLeaseOption(request.Edns))
            return request.Reply(DnsRcode.FormErr);

        LeaseGrant? grant = request.Edns?.Find<UpdateLeaseOption>() is { } asked ? LeaseGrant.Make(asked, lease, keyLease) : null;
        ReadOnlyMemory<byte> mac = request.Message.TsigData?.Mac ?? default;
        DnsRcode rcode = await _replays.GetOrRunAsync(mac, () => ApplyAsync(zone, request, grant, mac, cancellationToken)).ConfigureAwait(false);
        DnsMessage reply = request.Reply(rcode);
        return rcode == DnsRcode.NoError && grant is not null
            ? reply with { Additional = [Request.MakeOpt(rcode, grant.ToOption()).ToRecord()] }
            : reply;
    }

    private async Task<DnsRcode> ApplyAsync(Zone zone, Request request, LeaseGrant? grant, ReadOnlyMemory<byte> mac, CancellationToken cancellationToken)
    {
        if (!IsWithinQuota(zone, request))
        {
            metrics.Add(ServerCount.UpdatesOverQuota);
            return DnsRcode.Refused;
        }

        UpdateResult result = await zone.ApplyAsync(
            (snapshot, now) => UpdateProcessor.Process(
                snapshot, request.Message, record => MayKnow(zone, request, record), name => AccessPolicy.MayChange(zone, request.Key, name), zone.Options.Quota, grant, now),
            cancellationToken,
            mac).ConfigureAwait(false);
        if (result.Rcode == DnsRcode.NoError)
            metrics.Add(ServerCount.UpdatesApplied);
        if (result.IsOverQuota)
        {
            zone.Budget.CountRefused();
            metrics.Add(ServerCount.UpdatesOverQuota);
        }

        return result.Rcode;
    }

    private static bool MayKnow(Zone zone, Request request, DnsRecord record) =>
        AccessPolicy.MayRead(zone, request.Key, record.Name, record.Type) || AccessPolicy.MayChange(zone, request.Key, record.Name);

    // The key's first: one holder's flood must not use up what the zone's other keys have.
    private bool IsWithinQuota(Zone zone, Request request) =>
        (request.Key is null || keys.Budget(request.Key.Name).TryTake()) && zone.Budget.TryTake();

    // An option of that code with a length other than 4 or 8 (RFC 9664 §4.1).
    private static bool HasBadLeaseOption(EdnsInfo? edns) =>
        edns is not null && edns.Options.Any(static option => option is UnknownOption && option.Code == UpdateLeaseOption.OptionCode);
}
