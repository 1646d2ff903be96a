using System.Net;
using Btmm.Core.Diagnostics;
using Btmm.Core.Dns;
using Btmm.Core.Peers;
using Btmm.Core.SignOn;
using Btmm.PowerShell.Output;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Tsig;
using Btmm.Protocol.Dns.Update;

namespace Btmm.PowerShell.Infrastructure;

/// <summary>One zone, the key for it and its servers: what the record cmdlets work on. Thread-safe.</summary>
internal sealed class ZoneAccess : IDisposable
{
    private readonly DnsClient _client;
    private readonly Action<string>? _observe;
    private readonly ZoneLocator _locator;

    /// <summary>Joins the parts; sends nothing.</summary>
    /// <param name="domain">The account's domain, or the zone.</param>
    /// <param name="key">Signs requests; null for none.</param>
    /// <param name="servers">The servers to use; empty to find them by SRV records.</param>
    /// <param name="authority">Whom to believe about TLS servers; null for nobody.</param>
    /// <param name="observe">Is told each exchange in one line, on any thread.</param>
    public ZoneAccess(
        DnsName domain, TsigKey? key, IReadOnlyList<ZoneServer> servers, AccountAuthority? authority = null, Action<string>? observe = null)
    {
        _observe = observe;
        Domain = domain;
        Key = key;
        _client = Engine.CreateDnsClient();
        _locator = new ZoneLocator(domain, servers, key, new ZoneServerFinder(_client, Engine.Resolvers), authority);
    }

    /// <summary>The account's domain, or the zone.</summary>
    public DnsName Domain { get; }

    /// <summary>Signs requests.</summary>
    public TsigKey? Key { get; }

    /// <summary>The full name of what a user wrote: <c>@</c>, a name in the zone, or a name relative to it.</summary>
    public DnsName Absolute(string text)
    {
        if (text is "@" or "") return Domain;
        if (!DnsName.TryParse(text, out DnsName? name)) throw NotAName(text);
        if (name.IsSubdomainOf(Domain) || text.EndsWith('.')) return name;
        return name.WireLength + Domain.WireLength <= DnsNameWire.MaxLength ? Domain.PrependLabels(text) : throw NotAName(text);
    }

    /// <summary>The servers of the zone, which may begin above the account's domain.</summary>
    public ValueTask<ZoneServers> FindServersAsync(CancellationToken cancellationToken) => _locator.GetAsync(cancellationToken);

    /// <summary>Asks the zone's servers.</summary>
    public async Task<DnsReply> QueryAsync(DnsQuestion question, DnsTransport transport, CancellationToken cancellationToken)
    {
        ZoneServers servers = await FindServersAsync(cancellationToken).ConfigureAwait(false);
        DnsReply reply = await _client.QueryAsync(question, servers.Primary, Key, transport, cancellationToken).ConfigureAwait(false);
        _observe?.Invoke($"{reply.Server} answered {question}: {reply.Message.Rcode}, {reply.Message.Answers.Count} records.");
        return reply;
    }

    /// <summary>The records that answer a question; none when the name or type does not exist.</summary>
    public async Task<IReadOnlyList<DnsRecord>> GetRecordsAsync(DnsQuestion question, CancellationToken cancellationToken)
    {
        DnsReply reply = await QueryAsync(question, DnsTransport.Auto, cancellationToken).ConfigureAwait(false);
        return [.. reply.Message.Answers.Where(r => r.Name == question.Name && r.Type == question.Type)];
    }

    /// <summary>Sends updates to the zone's servers.</summary>
    public async Task<DnsUpdateResult> UpdateAsync(DnsUpdateBuilder updates, TimeSpan? lease, CancellationToken cancellationToken)
    {
        ZoneServers servers = await FindServersAsync(cancellationToken).ConfigureAwait(false);
        DnsUpdateBuilder update = new DnsUpdateBuilder(servers.Zone).AddRange(updates.Updates);
        DnsUpdateResult result = await new DnsUpdateClient(_client).UpdateAsync(update, servers.Primary, Key, lease, cancellationToken).ConfigureAwait(false);
        _observe?.Invoke($"{result.Server} made {update.Updates.Count} changes in {servers.Zone}{(result.IsLeaseHonoured ? $" for {result.Lease}" : string.Empty)}.");
        return result;
    }

    /// <summary>Watches the zone's hosts; the caller disposes the watcher, and this after it.</summary>
    public PeerWatcher WatchPeers(IRecordWatcher records)
    {
        // No host is this one, so none is left out.
        var directory = new PeerDirectory(Domain, Domain);
        var table = new PeerTable(string.Empty, IPAddress.IPv6None, TimeProvider.System);
        return new PeerWatcher(records, directory, table, static () => false, static _ => false, TimeProvider.System);
    }

    /// <summary>Opens long-lived queries on the zone; the caller disposes them.</summary>
    public IRecordWatcher OpenWatch() => Engine.CreateRecordWatcher(_locator, _client);

    /// <summary>The hosts in the account's list, as their records describe them now.</summary>
    public async Task<IReadOnlyList<PeerRecord>> GetHostsAsync(CancellationToken cancellationToken)
    {
        var directory = new PeerDirectory(Domain, Domain);
        await ZoneReader.ReadAllAsync(this, directory, cancellationToken).ConfigureAwait(false);
        return [.. directory.Hosts().OrderBy(h => h.Name, StringComparer.OrdinalIgnoreCase)];
    }

    /// <summary>A published record as the user sees it.</summary>
    public BtmmRecord Describe(DnsRecord record, DnsUpdateResult? result = null) => new(record)
    {
        Zone = Domain.ToString(),
        LeaseTime = result?.Lease,
        ExpiresAt = result is { IsLeaseHonoured: true, Lease: { } lease } ? TimeProvider.System.GetUtcNow() + lease : null,
    };

    /// <inheritdoc/>
    public void Dispose()
    {
        _locator.Dispose();
        _client.Dispose();
    }

    private static BtmmException NotAName(string text) =>
        new(BtmmErrorReason.InvalidValue, $"'{text}' is not a name in the zone.", "Write labels of 1 to 63 characters, joined by dots.");
}
