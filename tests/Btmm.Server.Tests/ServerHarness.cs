using System.Collections.Concurrent;
using System.Net;
using Btmm.Core.Administration;
using Btmm.Core.Contracts;
using Btmm.Core.SignOn;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Edns;
using Btmm.Protocol.Dns.Tsig;
using Btmm.Server.Guards;
using Btmm.Server.Hosting;
using Btmm.Server.LongLivedQueries;
using Btmm.Server.Policy;
using Btmm.Server.Requests;
using Btmm.Server.Storage;
using Btmm.Server.Transfers;
using Btmm.Server.Zones;
using Microsoft.Extensions.Time.Testing;

namespace Btmm.Server.Tests;

/// <summary>The whole service without sockets, on a clock that stands still until told.</summary>
internal sealed class ServerHarness : IDisposable
{
    internal const int MaxTransfers = 2;

    internal static readonly IPEndPoint Client = new(IPAddress.Parse("198.51.100.7"), 40_000);

    private readonly CancellationTokenSource _stop = new();
    private readonly Task _writing;
    private readonly ConcurrentBag<RequestWorkspace> _workspaces = [];
    private ushort _nextId = 1;

    internal ServerHarness(
        ZoneServiceLimits? limits = null, ZoneKey[]? extraKeys = null, IZoneStore? store = null, FakeTimeProvider? time = null, bool isPublic = false, string domain = "alice.members.example.net", ZoneQuota? quota = null, Func<ZoneOptions, ZoneOptions>? change = null, ZoneServiceOptions? service = null)
    {
        Time = time ?? new FakeTimeProvider(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
        Account = TestZones.NewAccount(domain);
        Clock = new ServiceClock(Time);
        Store = store ?? new MemoryZoneStore();
        ZoneOptions options = ZoneOptions.ForAccount(Account);
        options = options with { Keys = [.. options.Keys, .. extraKeys ?? []], IsPublic = isPublic, Quota = quota ?? options.Quota };
        options = change?.Invoke(options) ?? options;
        Llq = new LlqTable(new LeaseBounds(TimeSpan.FromMinutes(15), TimeSpan.FromHours(2)), limits ?? new ZoneServiceLimits(), Clock, SystemRandomSource.Instance, Metrics);
        ZoneImage image = Store.LoadAsync(options.Apex, CancellationToken.None).AsTask().Result;
        Writer = new ZoneWriter(Store, Clock, Metrics);
        _writing = Task.Run(() => Writer.RunAsync(_stop.Token));
        Zone = new Zone(options, image, Writer, Clock, OnChanged);
        Zone.ApplyAsync((zone, _) => ZoneContent.Publish(zone, Zone.Discovery, [IPAddress.Parse("192.0.2.53")], new ServicePorts(53, 5352, null), Store.IsShared), CancellationToken.None).AsTask().Wait();
        var zones = new ZoneDirectory([Zone]);
        var keys = new ServiceKeyRing(Clock);
        keys.Replace([(Account.UpdateKey, 0), .. (extraKeys ?? []).Select(item => (item.Key, item.UpdatesPerMinute)).DistinctBy(item => item.Key.Name)]);
        Notifier = new ZoneNotifier(Clock, SystemRandomSource.Instance, keys, Metrics);
        Handler = new RequestHandler(
            new QueryHandler(zones, Metrics),
            new UpdateHandler(zones, keys, Clock, Metrics, RecordLease, KeyLease),
            new LlqHandler(zones, Llq, Clock, static origin => origin.Listener, static () => { }),
            new TransferHandler(zones, Clock, Metrics, MaxTransfers),
            Notifier,
            new QueryGuard(service ?? new ZoneServiceOptions { Endpoints = [], Zones = [], RateLimit = null }, Clock, Metrics),
            keys,
            Clock,
            Metrics);
    }

    /// <summary>Told of each visible change after its commit.</summary>
    internal Action<ZoneChange>? Changed { get; set; }

    internal FakeTimeProvider Time { get; }

    internal LeaseBounds RecordLease { get; } = new(TimeSpan.FromMinutes(30), TimeSpan.FromHours(2));

    internal LeaseBounds KeyLease { get; } = new(TimeSpan.FromMinutes(30), TimeSpan.FromDays(7));

    internal BtmmAccount Account { get; }

    internal ServiceClock Clock { get; }

    internal ServerMetrics Metrics { get; } = new();

    internal IZoneStore Store { get; }

    internal ZoneWriter Writer { get; }

    /// <summary>What subscribers were told.</summary>
    internal ConcurrentQueue<ZoneChange> Changes { get; } = new();

    internal Zone Zone { get; }

    internal LlqTable Llq { get; }

    internal RequestHandler Handler { get; }

    internal ZoneNotifier Notifier { get; }

    internal DnsName Apex => Account.Domain;

    internal TsigKey Key => Account.UpdateKey;

    internal uint Serial => Zone.Current.Serial;

    public void Dispose()
    {
        _stop.Cancel();
        _writing.ContinueWith(static _ => { }, TaskScheduler.Default).Wait();
        _stop.Dispose();
        Account.Dispose();
        Metrics.Dispose();
    }

    internal DnsName Name(string relative) => Apex.PrependLabels(relative);

    /// <summary>Moves the clock and does what the service's loops would do.</summary>
    internal void Advance(TimeSpan time)
    {
        Time.Advance(time);
        Zone.ExpireAsync(CancellationToken.None).AsTask().Wait();
        Llq.HandleTimeout(Clock.Now);
    }

    /// <summary>Sends raw bytes; null when there is no answer. Several may be under way.</summary>
    internal async Task<byte[]?> SendAsync(byte[] bytes, IPEndPoint? client = null, bool stream = false, IStreamPeer? peer = null)
    {
        RequestWorkspace workspace = _workspaces.TryTake(out RequestWorkspace? free) ? free : new RequestWorkspace();
        int length = await Handler.HandleAsync(bytes, peer?.Origin ?? new RequestOrigin(client ?? Client, 0, stream ? DnsTransportKind.Tcp : DnsTransportKind.Udp), peer, workspace, CancellationToken.None);
        byte[]? answer = length == 0 ? null : workspace.Response.AsSpan(0, length).ToArray();
        _workspaces.Add(workspace);
        return answer;
    }

    /// <summary>A message's bytes with the account's or another key's signature.</summary>
    internal byte[] Sign(DnsMessage message, TsigKey? key = null) => Sign(message.ToArray(), key);

    /// <summary>A message's bytes with the account's or another key's signature.</summary>
    internal byte[] Sign(byte[] message, TsigKey? key = null)
    {
        byte[] buffer = new byte[DnsMessage.MaxSize];
        message.CopyTo(buffer, 0);
        using var tsig = new TsigClientTransaction(key ?? Key);
        Assert.True(tsig.TrySignRequest(buffer, message.Length, Time.GetUtcNow(), out int length));
        return buffer[..length];
    }

    /// <summary>Sends a message, signed when a key is given, and checks the answer's signature.</summary>
    internal async Task<DnsMessage> AskAsync(DnsMessage message, TsigKey? key, IPEndPoint? client = null, bool stream = false, IStreamPeer? peer = null)
    {
        message = message with { Id = _nextId++ };
        byte[] buffer = new byte[DnsMessage.MaxSize];
        Assert.True(message.TryWrite(buffer, out int length));
        using TsigClientTransaction? tsig = key is null ? null : new TsigClientTransaction(key);
        if (tsig is not null)
            Assert.True(tsig.TrySignRequest(buffer, length, Time.GetUtcNow(), out length));
        byte[]? answer = await SendAsync(buffer[..length], client, stream, peer);
        Assert.NotNull(answer);
        if (tsig is not null)
            Assert.Equal(TsigStatus.Valid, tsig.VerifyResponse(answer, Time.GetUtcNow()).Status);
        Assert.True(DnsMessage.TryParse(answer, out DnsMessage? reply));
        Assert.Equal(message.Id, reply.Id);
        Assert.True(reply.IsResponse);
        Assert.Equal(key is null, reply.Tsig is null);
        return reply;
    }

    internal Task<DnsMessage> QueryAsync(DnsName name, DnsType type, bool signed = true, EdnsInfo? edns = null, bool stream = false) =>
        AskAsync(Query(name, type, edns), signed ? Key : null, stream: stream);

    internal Task<DnsMessage> UpdateAsync(DnsRecord[] updates, DnsRecord[]? prerequisites = null, UpdateLeaseOption? lease = null, TsigKey? key = null) =>
        AskAsync(Update(Apex, updates, prerequisites, lease), key ?? Key);

    internal async Task AddAsync(params DnsRecord[] records) =>
        Assert.Equal(DnsRcode.NoError, (await UpdateAsync(records)).Rcode);

    internal static DnsMessage Query(DnsName name, DnsType type, EdnsInfo? edns = null) => new()
    {
        Questions = [new DnsQuestion(name, type)],
        Additional = edns is null ? [] : [edns.ToRecord()],
    };

    internal static DnsMessage Update(DnsName zone, DnsRecord[] updates, DnsRecord[]? prerequisites = null, UpdateLeaseOption? lease = null) => new()
    {
        Opcode = DnsOpcode.Update,
        Questions = [new DnsQuestion(zone, DnsType.SOA)],
        Answers = prerequisites ?? [],
        Authority = updates,
        Additional = lease is null ? [] : [new EdnsInfo(lease).ToRecord()],
    };

    private void OnChanged(Zone zone, ZoneChange change)
    {
        Changes.Enqueue(change);
        Llq.OnChange(Clock.Now, change);
        if (change.IsVisible)
            Changed?.Invoke(change);
    }
}
