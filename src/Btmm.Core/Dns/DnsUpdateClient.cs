using System.Collections.Concurrent;
using System.Net;
using Btmm.Core.Diagnostics;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Edns;
using Btmm.Protocol.Dns.Tsig;
using Btmm.Protocol.Dns.Update;

namespace Btmm.Core.Dns;

/// <summary>
/// Sends updates with leases (RFC 2136, RFC 9664). Asks with the 8-byte form of the lease option; a server that takes only the
/// old 4-byte form is remembered. Thread-safe.
/// </summary>
public sealed class DnsUpdateClient
{
    // Our own: how many servers are remembered.
    private const int MaxRemembered = 64;

    private readonly DnsClient _client;
    private readonly ConcurrentDictionary<IPEndPoint, bool> _oldServers = new();

    /// <summary>Makes a client.</summary>
    /// <param name="client">Does the exchanges.</param>
    public DnsUpdateClient(DnsClient client) => _client = client;

    /// <summary>The host's network changed; see <see cref="DnsClient.NetworkChanged"/>.</summary>
    public void NetworkChanged() => _client.NetworkChanged();

    /// <summary>
    /// Sends an update. A request that got lost on its way back is sent again, so an update should do the same when it is
    /// repeated (delete an RRset and add it in one message).
    /// </summary>
    /// <param name="update">The update.</param>
    /// <param name="servers">The zone's servers, in this order.</param>
    /// <param name="key">Signs the update; null for none.</param>
    /// <param name="lease">How long the records shall stay without a refresh; null for no lease (deletions, permanent records).</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="BtmmException">No server accepted the update.</exception>
    public async Task<DnsUpdateResult> UpdateAsync(
        DnsUpdateBuilder update, IReadOnlyList<IPEndPoint> servers, TsigKey? key, TimeSpan? lease, CancellationToken cancellationToken = default)
    {
        BtmmException problem = DnsErrors.NoServers();
        foreach (IPEndPoint server in servers)
        {
            try
            {
                return await UpdateAsync(update, server, key, lease, cancellationToken).ConfigureAwait(false);
            }
            catch (BtmmException e) when (IsWorthAnother(e.Reason))
            {
                problem = e;
            }
        }

        throw problem;
    }

    // RFC 2136 §4.5; and a server that is not believed has been told nothing.
    private static bool IsWorthAnother(BtmmErrorReason reason) => reason
        is BtmmErrorReason.Timeout or BtmmErrorReason.Unreachable or BtmmErrorReason.ServerFailure or BtmmErrorReason.NotImplemented
        or BtmmErrorReason.TlsUnavailable or BtmmErrorReason.TlsUnknownAuthority or BtmmErrorReason.TlsWrongName
        or BtmmErrorReason.TlsCertificateExpired or BtmmErrorReason.TlsCertificateNotYetValid;

    private async Task<DnsUpdateResult> UpdateAsync(
        DnsUpdateBuilder update, IPEndPoint server, TsigKey? key, TimeSpan? lease, CancellationToken cancellationToken)
    {
        uint? seconds = lease is { } wanted ? (uint)Math.Clamp(wanted.TotalSeconds, 0, uint.MaxValue) : null;
        bool isOld = _oldServers.ContainsKey(server);
        DnsReply reply = await SendAsync(update, server, key, MakeOption(seconds, isOld), cancellationToken).ConfigureAwait(false);
        if (seconds is not null && !isOld && reply.Message.Rcode is DnsRcode.Refused or DnsRcode.FormErr)
        {
            DnsReply second = await SendAsync(update, server, key, MakeOption(seconds, isOld: true), cancellationToken).ConfigureAwait(false);
            if (second.Message.Rcode == DnsRcode.NoError)
            {
                reply = second;
                if (_oldServers.Count < MaxRemembered) _oldServers.TryAdd(server, true);
            }
        }

        if (reply.Message.ExtendedRcode != DnsRcode.NoError) throw DnsErrors.FromRcode(reply.Message.ExtendedRcode, server, update.Zone);
        return MakeResult(reply, lease);
    }

    private async Task<DnsReply> SendAsync(
        DnsUpdateBuilder update, IPEndPoint server, TsigKey? key, UpdateLeaseOption? option, CancellationToken cancellationToken)
    {
        try
        {
            DnsMessage request = update.Build(_client.NewId(), option);
            return await _client.ExchangeAsync(request, [server], key, DnsTransport.Auto, cancellationToken).ConfigureAwait(false);
        }
        catch (BtmmException e) when (key is not null && e.Reason == BtmmErrorReason.TsigBadKey)
        {
            // Knot says BADKEY also when it knows the key but does not let it change these names.
            if (!await IsKnownAsync(update.Zone, server, key, cancellationToken).ConfigureAwait(false)) throw;
            throw DnsErrors.FromRcode(DnsRcode.Refused, server, update.Zone);
        }
    }

    private async Task<bool> IsKnownAsync(DnsName zone, IPEndPoint server, TsigKey key, CancellationToken cancellationToken)
    {
        try
        {
            var question = new DnsQuestion(zone, DnsType.SOA);
            DnsReply reply = await _client.QueryAsync(question, [server], key, DnsTransport.Auto, cancellationToken).ConfigureAwait(false);
            return reply.IsSigned;
        }
        catch (BtmmException)
        {
            return false; // the first error says more
        }
    }

    private static UpdateLeaseOption? MakeOption(uint? seconds, bool isOld)
        => seconds is { } lease ? new UpdateLeaseOption(lease, isOld ? null : lease) : null;

    private static DnsUpdateResult MakeResult(DnsReply reply, TimeSpan? asked)
    {
        UpdateLeaseOption? granted = reply.Message.Edns?.Find<UpdateLeaseOption>();
        if (asked is null || granted is null) return new DnsUpdateResult(reply.Server, asked, asked, IsLeaseHonoured: false);
        var lease = TimeSpan.FromSeconds(granted.Lease);
        return new DnsUpdateResult(reply.Server, lease, granted.KeyLease is { } key ? TimeSpan.FromSeconds(key) : lease, IsLeaseHonoured: true);
    }
}
