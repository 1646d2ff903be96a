using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Btmm.Core.Contracts;
using Btmm.Core.SignOn;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Protocol.Dns.Edns;
using Btmm.Protocol.Dns.Tsig;
using Btmm.Protocol.Dns.Update;
using Btmm.Server;
using Btmm.Server.Storage;
using Btmm.TestKit;

namespace Btmm.Benchmarks;

/// <summary>
/// <c>btmm-bench store DIR|postgres [SECONDS] [RECORDS]</c>: signed updates that are on the disk before they are answered, over UDP
/// on loopback: one alone, and 100 outstanding; then how long a start with many records takes. The store is an SQLite file in DIR,
/// or a PostgreSQL server of Debian's that is started for it. Client and server share the process.
/// </summary>
internal static class StoreSpeed
{
    private const int Outstanding = 100;

    // A zone takes at most so many by updates.
    private const int RecordsPerZone = 100_000;
    private const int RecordsPerCommit = 10_000;

    internal static async Task<int> RunAsync(string[] arguments)
    {
        TimeSpan time = TimeSpan.FromSeconds(arguments.Length > 1 ? int.Parse(arguments[1], CultureInfo.InvariantCulture) : 10);
        int records = arguments.Length > 2 ? int.Parse(arguments[2], CultureInfo.InvariantCulture) : 1_000_000;
        if (arguments[0] == "postgres")
        {
            await using PostgresServer server = await PostgresServer.StartAsync();
            await UpdatesAsync(await server.CreateDatabaseAsync("updates"), time);
            await LoadAsync(await server.CreateDatabaseAsync("load"), records);
            return 0;
        }

        string directory = Directory.CreateDirectory(Path.Combine(arguments[0], $"btmm-bench-{Environment.ProcessId}")).FullName;
        try
        {
            await UpdatesAsync(Path.Combine(directory, "updates.db"), time);
            await LoadAsync(Path.Combine(directory, "load.db"), records);
            return 0;
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static async Task UpdatesAsync(string address, TimeSpan time)
    {
        using BtmmAccount account = NewAccount(0);
        await using IDurableZoneStore store = await StoreOpener.OpenAsync(address);
        await using ZoneService service = await StartAsync(store, account);
        await MeasureAsync(service, account, 1, TimeSpan.FromSeconds(2)); // warms up
        List<TimeSpan> alone = await MeasureAsync(service, account, 1, time / 2);
        alone.Sort();
        Print($"one alone: median {alone[alone.Count / 2].TotalMilliseconds:F2} ms, p99 {alone[alone.Count * 99 / 100].TotalMilliseconds:F2} ms");
        long commits = service.GetStatus().Counters.Commits;
        long start = Stopwatch.GetTimestamp();
        List<TimeSpan> many = await MeasureAsync(service, account, Outstanding, time);
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        many.Sort();
        commits = service.GetStatus().Counters.Commits - commits;
        Print($"{Outstanding} outstanding: {many.Count / seconds:F0} updates/s, {commits / seconds:F0} commits/s, median {many[many.Count / 2].TotalMilliseconds:F1} ms, p99 {many[many.Count * 99 / 100].TotalMilliseconds:F1} ms");
    }

    private static async Task<List<TimeSpan>> MeasureAsync(ZoneService service, BtmmAccount account, int clients, TimeSpan time)
    {
        long end = Stopwatch.GetTimestamp() + (long)(time.TotalSeconds * Stopwatch.Frequency);
        List<TimeSpan>[] all = await Task.WhenAll(Enumerable.Range(0, clients).Select(i => Task.Run(() => ClientAsync(service.Endpoints[0], account, i, end))));
        return [.. all.SelectMany(static times => times)];
    }

    // Moves one record to and fro, as a host does that roams.
    private static async Task<List<TimeSpan>> ClientAsync(IPEndPoint server, BtmmAccount account, int number, long end)
    {
        var times = new List<TimeSpan>();
        byte[] buffer = new byte[4096];
        DnsName name = account.Domain.PrependLabels($"h{number}");
        using var socket = new Socket(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(server);
        for (int i = 0; Stopwatch.GetTimestamp() < end; i++)
        {
            long start = Stopwatch.GetTimestamp();
            DnsMessage update = new DnsUpdateBuilder(account.Domain)
                .Replace(name, 60, new AData(new IPAddress([192, 0, (byte)(i >> 8), (byte)i])))
                .Build((ushort)i, new UpdateLeaseOption(3600));
            using var tsig = new TsigClientTransaction(account.UpdateKey);
            if (!update.TryWrite(buffer, out int length) || !tsig.TrySignRequest(buffer, length, DateTimeOffset.UtcNow, out length))
                throw new InvalidOperationException("The update does not fit.");
            await socket.SendAsync(buffer.AsMemory(0, length));
            length = await socket.ReceiveAsync(buffer.AsMemory());
            if (!DnsMessage.TryParse(buffer.AsSpan(0, length), out DnsMessage? reply) || reply.Id != (ushort)i || reply.Rcode != DnsRcode.NoError)
                throw new InvalidOperationException($"The update failed: {reply?.Rcode}.");
            times.Add(Stopwatch.GetElapsedTime(start));
        }

        return times;
    }

    private static async Task LoadAsync(string address, int records)
    {
        BtmmAccount[] accounts = [.. Enumerable.Range(0, Math.Max(1, records / RecordsPerZone)).Select(NewAccount)];
        DateTimeOffset lease = DateTimeOffset.UtcNow.AddHours(2);
        await using (IDurableZoneStore store = await StoreOpener.OpenAsync(address))
        {
            foreach (BtmmAccount account in accounts)
                await FillAsync(store, account.Domain, records / accounts.Length, lease);
        }

        long start = Stopwatch.GetTimestamp();
        await using IDurableZoneStore full = await StoreOpener.OpenAsync(address);
        await using ZoneService service = await StartAsync(full, accounts);
        TimeSpan took = Stopwatch.GetElapsedTime(start);
        ZoneServiceStatus status = service.GetStatus();
        Print($"start: {status.Zones.Sum(static zone => zone.Records)} records in {status.Zones.Count} zones in {took.TotalSeconds:F1} s, {GC.GetTotalMemory(true) >> 20} MB of memory");
    }

    // What a host of an account has: SRV, AAAA, A, TXT and its entry in the list.
    private static async Task FillAsync(IZoneStore store, DnsName zone, int count, DateTimeOffset lease)
    {
        var added = new List<StoredRecord>(count);
        for (int i = 0; i < count; i++)
        {
            DnsName host = zone.PrependLabels($"host-{i / 4}");
            DnsData data = (i % 4) switch
            {
                0 => new SrvData(0, 0, (ushort)i, host),
                1 => new AData(new IPAddress([192, 0, (byte)(i >> 8), (byte)i])),
                2 => new AaaaData(new IPAddress(new byte[16])),
                _ => new TxtData($"model={i}"),
            };
            added.Add(new StoredRecord(new DnsRecord(host, 120, data), lease));
        }

        long version = (await store.LoadAsync(zone, CancellationToken.None)).Version;
        foreach (StoredRecord[] part in added.Chunk(RecordsPerCommit))
        {
            if (!await store.CommitAsync([new ZoneTransaction(zone, 1, 1, [], [], [], part) { Version = version++ }], CancellationToken.None))
                throw new InvalidOperationException("Somebody else uses the store.");
        }
    }

    private static BtmmAccount NewAccount(int number) => BtmmAccount.Create(DnsName.Parse($"a{number}.members.example.net"), SystemRandomSource.Instance);

    private static async Task<ZoneService> StartAsync(IZoneStore store, params BtmmAccount[] accounts)
    {
        var service = new ZoneService(new ZoneServiceOptions
        {
            Endpoints = [new IPEndPoint(IPAddress.Loopback, 0)],
            Zones = [.. accounts.Select(ZoneOptions.ForAccount)],
            Store = store,
        });
        await service.StartAsync();
        return service;
    }

    private static void Print(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
