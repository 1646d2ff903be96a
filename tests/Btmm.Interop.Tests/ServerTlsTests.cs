using System.Net;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;
using Btmm.Core.Dns;
using Btmm.Core.Dns.Tls;
using Btmm.Core.SignOn;
using Btmm.Platform.Sockets;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Protocol.Dns.Update;

namespace Btmm.Interop.Tests;

/// <summary>Our client finds our zone service's TLS services by the zone's records, uses them, and uses nothing else then.</summary>
public sealed class ServerTlsTests
{
    private static readonly DnsName s_studio = DnsName.Parse($"studio.{ServerFixture.Domain}");

    [Fact]
    [Trait("rfc", "8765§6.1")]
    public async Task Servers_ByDiscovery_AreTlsOnlyAndHavePush()
    {
        await using ServerFixture server = await StartAsync();
        using DnsClient client = Client();
        ZoneServers found = await Finder(client, server.Endpoint).FindAsync(server.Account.Domain, [], server.Account.UpdateKey, server.Account.Authority);
        TlsEndPoint expected = Expected(server);
        Assert.True(found.UsesTls);
        Assert.Equal([expected], found.Primary);
        Assert.Equal([expected], found.Push);
        Assert.Equal([expected], found.LongLivedQueriesTls);
        Assert.Empty(found.LongLivedQueries);
    }

    [Fact]
    public async Task Servers_ConfiguredInClearText_AreUpgraded()
    {
        await using ServerFixture server = await StartAsync();
        using DnsClient client = Client();
        ZoneServers found = await FindAsync(client, server, new ZoneServer("127.0.0.1", server.Endpoint.Port));
        Assert.Equal([Expected(server)], found.Primary);
        Assert.Empty(found.LongLivedQueries);
    }

    [Fact]
    public async Task Servers_ConfiguredWithoutTls_StayInClearText()
    {
        await using ServerFixture server = await StartAsync();
        using DnsClient client = Client();
        ZoneServers found = await FindAsync(client, server, new ZoneServer("127.0.0.1", server.Endpoint.Port) { Tls = TlsUse.Off });
        Assert.False(found.UsesTls);
        Assert.Equal([server.Endpoint], found.Primary);
    }

    [Fact]
    public async Task Servers_ThatMustSpeakTls_HearNothingInClearText()
    {
        await using ServerFixture server = await StartAsync();
        using DnsClient client = Client(withDatagrams: false);
        var entry = new ZoneServer("127.0.0.1", Port: 9) { Tls = TlsUse.Required, TlsPort = server.Service.TlsEndpoints[0].Port };
        ZoneServers found = await FindAsync(client, server, entry);
        Assert.Equal([Expected(server)], found.Primary);
        Assert.Equal([Expected(server)], found.Push);
    }

    [Fact]
    public async Task Servers_ThatMustSpeakTlsAndCannotBeTold_AreRefused()
    {
        await using ServerFixture server = await StartAsync();
        using DnsClient client = Client();
        var entry = new ZoneServer("127.0.0.1", server.Endpoint.Port) { Tls = TlsUse.Required };
        BtmmException error = await Assert.ThrowsAsync<BtmmException>(
            () => Finder(client).FindAsync(server.Account.Domain, [entry], server.Account.UpdateKey));
        Assert.Equal(BtmmErrorReason.InvalidValue, error.Reason);
    }

    [Fact]
    public async Task Servers_OfAZoneWithoutTls_StayAsTheyAre()
    {
        await using ServerFixture server = await ServerFixture.StartAsync();
        using DnsClient client = Client();
        ZoneServers found = await Finder(client, server.Endpoint).FindAsync(server.Account.Domain, [], server.Account.UpdateKey, server.Account.Authority);
        Assert.False(found.UsesTls);
        Assert.Equal([server.Endpoint], found.Primary);
        Assert.Empty(found.Push);
    }

    [Fact]
    public async Task UpdateAndQuery_ByTls_GoOverOneConnection()
    {
        await using ServerFixture server = await StartAsync();
        using DnsClient client = Client(withDatagrams: false);
        DnsUpdateBuilder update = new DnsUpdateBuilder(server.Account.Domain).Replace(s_studio, 120, new AaaaData(IPAddress.Parse("fd00::1")));
        DnsUpdateResult result = await new DnsUpdateClient(client).UpdateAsync(update, [Expected(server)], server.Account.UpdateKey, TimeSpan.FromMinutes(90));
        Assert.True(result.IsLeaseHonoured);
        DnsReply reply = await client.QueryAsync(new DnsQuestion(s_studio, DnsType.AAAA), [Expected(server)], server.Account.UpdateKey);
        Assert.Single(reply.Message.Answers);
        Assert.Equal(1, server.Service.GetStatus().Connections);
    }

    [Fact]
    public async Task Locator_WhoseTlsServerWentWrong_DoesNotFallBack()
    {
        await using ServerFixture server = await StartAsync();
        using BtmmAccount other = BtmmAccount.Create(server.Account.Domain, SystemRandomSource.Instance);
        using DnsClient client = Client();
        using var locator = new ZoneLocator(server.Account.Domain, [], server.Account.UpdateKey, Finder(client, server.Endpoint), other.Authority);
        BtmmException error = await Assert.ThrowsAsync<BtmmException>(() => locator.GetAsync().AsTask());
        Assert.Equal(BtmmErrorReason.TlsUnknownAuthority, error.Reason);
    }

    [Fact]
    public async Task Locator_OfAZoneThatOfferedTls_DoesNotForget()
    {
        await using ServerFixture server = await StartAsync();
        using DnsClient client = Client();
        using var locator = new ZoneLocator(server.Account.Domain, [], key: null, Finder(client, server.Endpoint), server.Account.Authority);
        Assert.True((await locator.GetAsync()).UsesTls);
        IPEndPoint place = server.Endpoint;
        await server.Service.DisposeAsync();
        await using ServerFixture other = await ServerFixture.StartAsync(change: options => options with { Endpoints = [place] });
        locator.Report(new BtmmException(BtmmErrorReason.Unreachable, "x", "y"));
        BtmmException error = await Assert.ThrowsAsync<BtmmException>(() => locator.GetAsync().AsTask());
        Assert.Equal(BtmmErrorReason.TlsUnavailable, error.Reason);
        Assert.Contains("in between", error.Message, StringComparison.Ordinal);
    }

    private static Task<ServerFixture> StartAsync() =>
        ServerFixture.StartAsync(change: options => options with { TlsEndpoints = [new IPEndPoint(IPAddress.Loopback, 0)] });

    private static TlsEndPoint Expected(ServerFixture server) =>
        new(IPAddress.Loopback, server.Service.TlsEndpoints[0].Port, $"ns.{ServerFixture.Domain}", TlsTrust.Only(server.Account.Authority!));

    private static DnsClient Client(bool withDatagrams = true) => new(
        withDatagrams ? new UdpDatagramChannelFactory() : new NoDatagrams(), new TcpStreamDialer(), SystemRandomSource.Instance, TimeProvider.System);

    private static ZoneServerFinder Finder(DnsClient client, params IPEndPoint[] resolvers) => new(client, new FixedNameServers(resolvers));

    private static Task<ZoneServers> FindAsync(DnsClient client, ServerFixture server, ZoneServer entry) =>
        Finder(client).FindAsync(server.Account.Domain, [entry], server.Account.UpdateKey, server.Account.Authority);

    private sealed class NoDatagrams : IDatagramChannelFactory
    {
        public IDatagramChannel Open(DatagramChannelOptions options) => throw new NotSupportedException();
    }
}
