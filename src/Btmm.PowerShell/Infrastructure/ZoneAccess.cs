using System.Net;
using Btmm.Core.Dns;
using Btmm.Core.SignOn;
using Btmm.PowerShell.Output;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Tsig;
using Btmm.Protocol.Dns.Update;

namespace Btmm.PowerShell.Infrastructure;

/// <summary>One zone, the key for it and its servers: what the record cmdlets work on. Thread-safe.</summary>
/// <param name="Zone">The zone's apex.</param>
/// <param name="Key">Signs requests; null for none.</param>
/// <param name="Servers">The servers to use; empty to find them by SRV records.</param>
internal sealed record ZoneAccess(DnsName Zone, TsigKey? Key, IReadOnlyList<ZoneServer> Servers)
{
    private readonly DnsClient _client = Engine.CreateDnsClient();

    /// <summary>The full name of what a user wrote: <c>@</c>, a name in the zone, or a name relative to it.</summary>
    public DnsName Absolute(string text)
    {
        if (text is "@" or "") return Zone;
        DnsName name = DnsName.Parse(text);
        return name.IsSubdomainOf(Zone) || text.EndsWith('.') ? name : Zone.PrependLabels(text);
    }

    /// <summary>Asks the zone's servers.</summary>
    public async Task<DnsMessage> QueryAsync(DnsQuestion question, CancellationToken cancellationToken)
    {
        IReadOnlyList<IPEndPoint> servers = await Engine.FindServersAsync(this, isUpdate: false, cancellationToken).ConfigureAwait(false);
        DnsReply reply = await _client.QueryAsync(question, servers, Key, DnsTransport.Auto, cancellationToken).ConfigureAwait(false);
        return reply.Message;
    }

    /// <summary>The records that answer a question; none when the name or type does not exist.</summary>
    public async Task<IReadOnlyList<DnsRecord>> GetRecordsAsync(DnsQuestion question, CancellationToken cancellationToken)
    {
        DnsMessage answer = await QueryAsync(question, cancellationToken).ConfigureAwait(false);
        return [.. answer.Answers.Where(r => r.Name == question.Name && r.Type == question.Type)];
    }

    /// <summary>Sends an update to the zone's servers.</summary>
    public async Task<DnsUpdateResult> UpdateAsync(DnsUpdateBuilder update, TimeSpan? lease, CancellationToken cancellationToken)
    {
        IReadOnlyList<IPEndPoint> servers = await Engine.FindServersAsync(this, isUpdate: true, cancellationToken).ConfigureAwait(false);
        return await new DnsUpdateClient(_client).UpdateAsync(update, servers, Key, lease, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>A published record as the user sees it.</summary>
    public BtmmRecord Describe(DnsRecord record, DnsUpdateResult? result = null) => new(record)
    {
        Zone = Zone.ToString(),
        LeaseTime = result?.Lease,
        ExpiresAt = result is { IsLeaseHonoured: true, Lease: { } lease } ? TimeProvider.System.GetUtcNow() + lease : null,
    };
}
