using System.Net.Sockets;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Protocol.Dns.Tsig;
using Btmm.Protocol.Dns.Update;
using Btmm.Server.Storage;
using Btmm.TestKit;

namespace Btmm.Interop.Tests;

/// <summary>The store on a disk of its own that runs full.</summary>
public sealed class ServerStoreDiskTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Disk_RunsFull_RefusesUpdatesAnswersQueriesAndRecoversWithRoom()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "mounting a small disk needs root");
        string disk = Directory.CreateTempSubdirectory("btmm-disk-").FullName;
        CommandResult mounted = await Command.RunAsync("mount", ["-t", "tmpfs", "-o", "size=2m", "btmm-test", disk]);
        Assert.SkipUnless(mounted.ExitCode == 0, "this system lets nobody mount a tmpfs");
        try
        {
            await RunAsync(disk);
        }
        finally
        {
            await Command.RunAsync("umount", [disk]);
            Directory.Delete(disk);
        }
    }

    private static async Task RunAsync(string disk)
    {
        string file = Path.Combine(disk, "zones.db");
        int applied;
        uint serial;
        await using (SqliteZoneStore store = await SqliteZoneStore.OpenAsync(file))
        await using (ServerFixture server = await ServerFixture.StartAsync(change: options => options with { Store = store }))
        {
            Assert.Equal(DnsRcode.NoError, await UpdateAsync(server, 0));
            applied = await FillAsync(server);
            serial = server.Serial;

            // Full: updates are refused and leave nothing, queries are answered, and the status says why.
            Assert.Equal(DnsRcode.ServFail, await UpdateAsync(server, applied));
            Assert.Equal(serial, server.Serial);
            Assert.True(server.Service.Store.IsFailing);
            Assert.Contains("full", server.Service.Store.Failure, StringComparison.OrdinalIgnoreCase);
            Assert.Single((await QueryAsync(server, 0)).Answers);
            Assert.Equal(DnsRcode.NXDomain, (await QueryAsync(server, applied)).Rcode);

            // Room again: so are updates.
            CommandResult grown = await Command.RunAsync("mount", ["-o", "remount,size=16m", disk]);
            Assert.Equal(0, grown.ExitCode);
            Assert.Equal(DnsRcode.NoError, await UpdateAsync(server, applied));
            Assert.False(server.Service.Store.IsFailing);
            applied++;
            serial = server.Serial;
        }

        await using SqliteZoneStore again = await SqliteZoneStore.OpenAsync(file);
        IReadOnlyList<StoredRecord> records = (await again.LoadAsync(DnsName.Parse(ServerFixture.Domain), CancellationToken.None)).Records;
        Assert.Equal(applied, records.Count(static item => item.Record.Type == DnsType.TXT));
        Assert.Equal(serial, ((SoaData)records.Single(static item => item.Record.Type == DnsType.SOA).Record.Data).Serial);
    }

    // Until the disk is full; returns how many updates are in.
    private static async Task<int> FillAsync(ServerFixture server)
    {
        for (int i = 1; ; i++)
        {
            Assert.True(i < 10_000, "the disk does not get full");
            DnsRcode rcode = await UpdateAsync(server, i);
            if (rcode != DnsRcode.NoError)
            {
                Assert.Equal(DnsRcode.ServFail, rcode);
                return i;
            }
        }
    }

    private static async Task<DnsRcode> UpdateAsync(ServerFixture server, int number)
    {
        var text = new TxtData(new string('x', 200));
        return (await ExchangeAsync(server, new DnsUpdateBuilder(server.Account.Domain).Add(Name(number), 60, text).Build((ushort)number))).Rcode;
    }

    private static Task<DnsMessage> QueryAsync(ServerFixture server, int number) =>
        ExchangeAsync(server, new DnsMessage { Id = (ushort)number, Questions = [new DnsQuestion(Name(number), DnsType.TXT)] });

    private static DnsName Name(int number) => DnsName.Parse($"h{number}.{ServerFixture.Domain}");

    private static async Task<DnsMessage> ExchangeAsync(ServerFixture server, DnsMessage message)
    {
        byte[] buffer = new byte[DnsMessage.MaxSize];
        Assert.True(message.TryWrite(buffer, out int length));
        using var tsig = new TsigClientTransaction(server.Account.UpdateKey);
        Assert.True(tsig.TrySignRequest(buffer, length, DateTimeOffset.UtcNow, out length));
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(server.Endpoint);
        await socket.SendAsync(buffer.AsMemory(0, length));
        using var patience = new CancellationTokenSource(s_patience);
        length = await socket.ReceiveAsync(buffer, patience.Token);
        Assert.Equal(TsigStatus.Valid, tsig.VerifyResponse(buffer.AsSpan(0, length), DateTimeOffset.UtcNow).Status);
        Assert.True(DnsMessage.TryParse(buffer.AsSpan(0, length), out DnsMessage? reply));
        return reply;
    }
}
