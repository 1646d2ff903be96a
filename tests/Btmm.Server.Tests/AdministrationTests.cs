using System.Net;
using System.Net.Sockets;
using Btmm.Core.Administration;
using Btmm.Core.Diagnostics;
using Btmm.Core.SignOn;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Tsig;
using Btmm.Server.Administration;
using Btmm.Server.Storage;

namespace Btmm.Server.Tests;

public sealed class AdministrationTests : IDisposable
{
    private static readonly DnsName s_bob = DnsName.Parse("bob.members.example.net");
    private readonly BtmmAccount _alice = TestZones.NewAccount();
    private readonly TsigKey _key = new(DnsName.Parse("bob-key"), TsigAlgorithm.HmacSha256, [1, 2, 3, 4, 5, 6, 7, 8]);

    public void Dispose()
    {
        _alice.Dispose();
        _key.Dispose();
    }

    [Fact]
    public async Task Zone_AddedWhileRunning_IsServedAtOnce()
    {
        await using ZoneService service = await StartAsync();
        (IZoneAdministration admin, IPEndPoint server) = (service.Administration, service.Endpoints[0]);
        Assert.Equal(DnsRcode.Refused, await ServiceClient.QueryAsync(server, s_bob, DnsType.SOA));

        ZoneInfo zone = await admin.PutZoneAsync(new ZoneSettings(s_bob), replace: false);
        Assert.Equal(EntrySource.Catalog, zone.Source);
        Assert.Equal(DnsRcode.NoError, await ServiceClient.QueryAsync(server, s_bob, DnsType.SOA));
        Assert.Equal(DnsRcode.NotAuth, await ServiceClient.UpdateAsync(server, s_bob, _key, Records.A(s_bob.Prepend("x"), "192.0.2.1")));

        await admin.PutKeyAsync(new KeySettings(_key, [KeyGrant.WholeZone(s_bob)]), replace: false);
        Assert.Equal(DnsRcode.NoError, await ServiceClient.UpdateAsync(server, s_bob, _key, Records.A(s_bob.Prepend("x"), "192.0.2.1")));
        Assert.Equal(DnsRcode.NoError, await ServiceClient.QueryAsync(server, s_bob.Prepend("x"), DnsType.A, _key));
        Assert.Equal(DnsRcode.Refused, await ServiceClient.UpdateAsync(server, _alice.Domain, _key, Records.A(_alice.Domain.Prepend("x"), "192.0.2.1")));
        Assert.Equal([s_bob, _alice.Domain], (await admin.GetZonesAsync()).Select(item => item.Apex).OrderByDescending(item => item));
        Assert.Equal([EntrySource.Account, EntrySource.Catalog], (await admin.GetKeysAsync()).Select(item => item.Source).Order());
    }

    [Fact, Trait("rfc", "1996§3.1")]
    public async Task Zone_WithSecondary_TellsItOfChangesAlsoAfterARestart()
    {
        using var secondary = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        secondary.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var settings = new ZoneSettings(s_bob)
        {
            Secondaries = [new ZoneSecondary((IPEndPoint)secondary.LocalEndPoint!)],
            TransferNetworks = [IPNetwork.Parse("127.0.0.0/8"), IPNetwork.Parse("2001:db8::/32")],
            IsPublic = true,
        };
        var store = new MemoryZoneStore();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        for (int start = 0; start < 2; start++)
        {
            await using ZoneService service = await StartAsync(store);
            if (start == 0)
                await service.Administration.PutZoneAsync(settings, replace: false);
            byte[] buffer = new byte[512];
            int length = await secondary.ReceiveAsync(buffer, patience.Token);
            Assert.True(DnsMessage.TryParse(buffer.AsSpan(0, length), out DnsMessage? notify));
            Assert.Equal((DnsOpcode.Notify, s_bob), (notify.Opcode, notify.Questions[0].Name));
        }
    }

    [Fact]
    public async Task Zone_Removed_IsGoneWithItsRecordsAndTheGrantsInIt()
    {
        var store = new MemoryZoneStore();
        await using ZoneService service = await StartAsync(store);
        (IZoneAdministration admin, IPEndPoint server) = (service.Administration, service.Endpoints[0]);
        await admin.PutZoneAsync(new ZoneSettings(s_bob), replace: false);
        await admin.PutKeyAsync(new KeySettings(_key, [KeyGrant.WholeZone(s_bob), KeyGrant.WholeZone(_alice.Domain)]), replace: false);
        Assert.Equal(DnsRcode.NoError, await ServiceClient.UpdateAsync(server, s_bob, _key, Records.A(s_bob.Prepend("x"), "192.0.2.1")));

        await admin.RemoveZoneAsync(s_bob);
        Assert.Equal(DnsRcode.NotAuth, await ServiceClient.UpdateAsync(server, s_bob, _key, Records.A(s_bob.Prepend("y"), "192.0.2.1")));
        Assert.Empty((await store.LoadAsync(s_bob, CancellationToken.None)).Records);
        Assert.Equal([KeyGrant.WholeZone(_alice.Domain)], (await admin.GetKeysAsync()).Single(item => item.Name == _key.Name).Grants);

        await admin.PutZoneAsync(new ZoneSettings(s_bob), replace: false);
        Assert.Equal(DnsRcode.Refused, await ServiceClient.UpdateAsync(server, s_bob, _key, Records.A(s_bob.Prepend("y"), "192.0.2.1")));
        Assert.Equal(DnsRcode.NoError, await ServiceClient.UpdateAsync(server, _alice.Domain, _key, Records.A(_alice.Domain.Prepend("y"), "192.0.2.1")));
    }

    [Fact]
    public async Task Key_Removed_IsNotKnownAnyMore()
    {
        await using ZoneService service = await StartAsync();
        (IZoneAdministration admin, IPEndPoint server) = (service.Administration, service.Endpoints[0]);
        await admin.PutKeyAsync(new KeySettings(_key, [KeyGrant.WholeZone(_alice.Domain)]), replace: false);
        Assert.Equal(DnsRcode.NoError, await ServiceClient.QueryAsync(server, _alice.Domain, DnsType.ANY, _key));
        await admin.RemoveKeyAsync(_key.Name);
        Assert.Equal(DnsRcode.NotAuth, await ServiceClient.QueryAsync(server, _alice.Domain, DnsType.ANY, _key));
        await AssertFailsAsync(BtmmErrorReason.NameNotFound, () => admin.RemoveKeyAsync(_key.Name));
    }

    [Fact]
    public async Task Key_Replaced_HasItsNewSecretAndGrants()
    {
        await using ZoneService service = await StartAsync();
        (IZoneAdministration admin, IPEndPoint server) = (service.Administration, service.Endpoints[0]);
        await admin.PutKeyAsync(new KeySettings(_key, [KeyGrant.WholeZone(_alice.Domain)]), replace: false);
        using var renewed = new TsigKey(_key.Name, TsigAlgorithm.HmacSha512, [9, 9, 9]);
        await AssertFailsAsync(BtmmErrorReason.AlreadyExists, () => admin.PutKeyAsync(new KeySettings(renewed, []), replace: false));
        await admin.PutKeyAsync(new KeySettings(renewed, [new KeyGrant(_alice.Domain, _alice.Domain.Prepend("studio"), ZoneAccess.Change)]), replace: true);
        Assert.Equal(DnsRcode.NotAuth, await ServiceClient.QueryAsync(server, _alice.Domain, DnsType.ANY, _key));
        Assert.Equal(DnsRcode.NoError, await ServiceClient.UpdateAsync(server, _alice.Domain, renewed, Records.A(_alice.Domain.Prepend("studio"), "192.0.2.1")));
        Assert.Equal(DnsRcode.Refused, await ServiceClient.UpdateAsync(server, _alice.Domain, renewed, Records.A(_alice.Domain.Prepend("laptop"), "192.0.2.1")));
    }

    [Fact]
    public async Task Zone_SettingsChanged_AreInForceAtOnce()
    {
        await using ZoneService service = await StartAsync();
        (IZoneAdministration admin, IPEndPoint server) = (service.Administration, service.Endpoints[0]);
        await admin.PutZoneAsync(new ZoneSettings(s_bob), replace: false);
        Assert.Equal(DnsRcode.Refused, await ServiceClient.QueryAsync(server, s_bob.Prepend("x"), DnsType.A));
        await AssertFailsAsync(BtmmErrorReason.AlreadyExists, () => admin.PutZoneAsync(new ZoneSettings(s_bob) { IsPublic = true }, replace: false));
        await admin.PutZoneAsync(new ZoneSettings(s_bob) { IsPublic = true, Quota = new ZoneQuota { UpdatesPerMinute = 1 } }, replace: true);
        Assert.Equal(DnsRcode.NXDomain, await ServiceClient.QueryAsync(server, s_bob.Prepend("x"), DnsType.A));

        await admin.PutKeyAsync(new KeySettings(_key, [KeyGrant.WholeZone(s_bob)]), replace: false);
        Assert.Equal(DnsRcode.NoError, await ServiceClient.UpdateAsync(server, s_bob, _key, Records.A(s_bob.Prepend("x"), "192.0.2.1")));
        Assert.Equal(DnsRcode.Refused, await ServiceClient.UpdateAsync(server, s_bob, _key, Records.A(s_bob.Prepend("y"), "192.0.2.1")));
        Assert.Equal(1, (await admin.GetZonesAsync()).Single(item => item.Apex == s_bob).OverQuota);
    }

    [Fact]
    public async Task Change_ThatIsNotPossible_SaysWhy()
    {
        await using ZoneService service = await StartAsync();
        IZoneAdministration admin = service.Administration;
        DnsName alice = _alice.Domain;
        await AssertFailsAsync(BtmmErrorReason.InvalidValue, () => admin.PutZoneAsync(new ZoneSettings(alice), replace: true));
        await AssertFailsAsync(BtmmErrorReason.InvalidValue, () => admin.RemoveZoneAsync(alice));
        await AssertFailsAsync(BtmmErrorReason.InvalidValue, () => admin.RemoveKeyAsync(_alice.UpdateKey.Name));
        await AssertFailsAsync(BtmmErrorReason.InvalidValue, () => admin.PutKeyAsync(new KeySettings(_alice.UpdateKey, []), replace: true));
        await AssertFailsAsync(BtmmErrorReason.InvalidValue, () => admin.PutZoneAsync(new ZoneSettings(s_bob) { ServerLabel = "a b" }, replace: false));
        await AssertFailsAsync(BtmmErrorReason.InvalidValue, () => admin.PutZoneAsync(new ZoneSettings(DnsName.Root), replace: false));
        await AssertFailsAsync(BtmmErrorReason.InvalidValue, () => admin.PutZoneAsync(new ZoneSettings(s_bob) { Quota = new ZoneQuota { MaxRecords = 1 } }, replace: false));
        await AssertFailsAsync(BtmmErrorReason.NameNotFound, () => admin.RemoveZoneAsync(s_bob));
        await AssertFailsAsync(BtmmErrorReason.NameNotFound, () => admin.PutKeyAsync(new KeySettings(_key, [KeyGrant.WholeZone(s_bob)]), replace: false));
        await AssertFailsAsync(BtmmErrorReason.InvalidValue, () => admin.PutKeyAsync(new KeySettings(_key, [new KeyGrant(alice, s_bob, ZoneAccess.Read)]), replace: false));
        await AssertFailsAsync(BtmmErrorReason.InvalidValue, () => admin.PutKeyAsync(new KeySettings(_key, [new KeyGrant(alice, alice, ZoneAccess.None)]), replace: false));
        Assert.Single(await admin.GetZonesAsync());
        Assert.Single(await admin.GetKeysAsync());

        await service.StopAsync();
        await AssertFailsAsync(BtmmErrorReason.Unreachable, () => admin.PutZoneAsync(new ZoneSettings(s_bob), replace: false));
    }

    [Fact]
    public async Task Restart_WithTheSameStoreAndKeyFile_KeepsZonesAndKeys()
    {
        using var directory = new StoreDirectory();
        string keyFile = directory.File + ".key";
        await using (SqliteZoneStore store = await directory.OpenAsync())
        {
            using CatalogSeal seal = CatalogSeal.FromFile(keyFile);
            await using ZoneService service = await StartAsync(store, seal);
            await service.Administration.PutZoneAsync(new ZoneSettings(s_bob) { IsPublic = true, Quota = new ZoneQuota { MaxRecords = 99, UpdatesPerMinute = 7 } }, replace: false);
            await service.Administration.PutKeyAsync(new KeySettings(_key, [new KeyGrant(s_bob, s_bob, ZoneAccess.Change | ZoneAccess.Transfer)]) { UpdatesPerMinute = 5 }, replace: false);
            Assert.Equal(DnsRcode.NoError, await ServiceClient.UpdateAsync(service.Endpoints[0], s_bob, _key, Records.A(s_bob.Prepend("x"), "192.0.2.1")));
        }

        await using (SqliteZoneStore store = await directory.OpenAsync())
        {
            // Without an account: the catalog is enough.
            using CatalogSeal seal = CatalogSeal.FromFile(keyFile);
            await using var service = new ZoneService(TestZones.Options() with { Store = store, Seal = seal });
            await service.StartAsync();
            ZoneInfo zone = Assert.Single(await service.Administration.GetZonesAsync());
            Assert.Equal((true, 99, 7), (zone.IsPublic, zone.Quota.MaxRecords, zone.Quota.UpdatesPerMinute));
            KeyInfo key = Assert.Single(await service.Administration.GetKeysAsync());
            Assert.Equal((5, ZoneAccess.Change | ZoneAccess.Transfer), (key.UpdatesPerMinute, Assert.Single(key.Grants).Access));
            Assert.Equal(DnsRcode.NoError, await ServiceClient.QueryAsync(service.Endpoints[0], s_bob.Prepend("x"), DnsType.A));
            Assert.Equal(DnsRcode.NoError, await ServiceClient.UpdateAsync(service.Endpoints[0], s_bob, _key, Records.A(s_bob.Prepend("y"), "192.0.2.1")));
        }

        foreach (string file in Directory.GetFiles(Path.GetDirectoryName(directory.File)!))
            Assert.Equal(-1, File.ReadAllBytes(file).AsSpan().IndexOf(new byte[] { 1, 2, 3, 4, 5, 6, 7, 8 }));
        File.Delete(keyFile);
        await using (SqliteZoneStore store = await directory.OpenAsync())
        {
            using CatalogSeal seal = CatalogSeal.FromFile(keyFile);
            await using var service = new ZoneService(TestZones.Options() with { Store = store, Seal = seal });
            await AssertFailsAsync(BtmmErrorReason.KeyFileInvalid, () => service.StartAsync());
        }
    }

    [Fact]
    public async Task Start_CatalogKeyThatClashesWithAnAccounts_SaysSo()
    {
        var store = new MemoryZoneStore();
        using CatalogSeal seal = CatalogSeal.Ephemeral();
        await using (var first = new ZoneService(TestZones.Options() with { Store = store, Seal = seal }))
        {
            await first.StartAsync();
            using var other = new TsigKey(_alice.UpdateKey.Name, TsigAlgorithm.HmacSha256, [1]);
            await first.Administration.PutKeyAsync(new KeySettings(other, []), replace: false);
        }

        await using var second = new ZoneService(TestZones.Options(_alice) with { Store = store, Seal = seal });
        await AssertFailsAsync(BtmmErrorReason.InvalidValue, () => second.StartAsync());
    }

    [Fact]
    public async Task Flood_OfOneZone_LeavesTheOthersServed()
    {
        await using ZoneService service = await StartAsync();
        (IZoneAdministration admin, IPEndPoint server) = (service.Administration, service.Endpoints[0]);
        await admin.PutZoneAsync(new ZoneSettings(s_bob) { Quota = new ZoneQuota { UpdatesPerMinute = 20 } }, replace: false);
        await admin.PutKeyAsync(new KeySettings(_key, [KeyGrant.WholeZone(s_bob)]), replace: false);
        Task<DnsRcode>[] flood = [.. Enumerable.Range(0, 200).Select(i => ServiceClient.UpdateAsync(server, s_bob, _key, Records.A(s_bob.Prepend($"h{i}"), "192.0.2.1")))];
        for (int i = 0; i < 20; i++)
            Assert.Equal(DnsRcode.NoError, await ServiceClient.UpdateAsync(server, _alice.Domain, _alice.UpdateKey, Records.A(_alice.Domain.Prepend($"h{i}"), "192.0.2.1")));
        DnsRcode[] outcomes = await Task.WhenAll(flood);
        Assert.InRange(outcomes.Count(rcode => rcode == DnsRcode.NoError), 20, 60); // some time passes
        Assert.All(outcomes, rcode => Assert.True(rcode is DnsRcode.NoError or DnsRcode.Refused));
        Assert.Equal(outcomes.Count(rcode => rcode == DnsRcode.Refused), service.GetStatus().Counters.UpdatesOverQuota);
    }

    private static async Task AssertFailsAsync(BtmmErrorReason reason, Func<Task> action)
    {
        BtmmException error = await Assert.ThrowsAsync<BtmmException>(action);
        Assert.Equal(reason, error.Reason);
        Assert.NotEmpty(error.Remedy);
    }

    private async Task<ZoneService> StartAsync(IZoneStore? store = null, CatalogSeal? seal = null)
    {
        var service = new ZoneService(TestZones.Options(_alice) with { Store = store, Seal = seal });
        await service.StartAsync();
        return service;
    }
}
