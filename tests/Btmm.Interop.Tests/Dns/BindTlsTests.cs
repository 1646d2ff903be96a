using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;
using Btmm.Core.Dns;
using Btmm.Core.Dns.Tls;
using Btmm.Core.SignOn;
using Btmm.Platform.Sockets;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Protocol.Dns.Tsig;
using Btmm.Protocol.Dns.Update;

namespace Btmm.Interop.Tests.Dns;

/// <summary>Our client by TLS against BIND (Debian's Knot 3.2 has no TLS listener).</summary>
public sealed class BindTlsTests : IClassFixture<BindTlsServer>, IDisposable
{
    private readonly BindTlsServer _server;
    private readonly DnsClient _client = new(new UdpDatagramChannelFactory(), new TcpStreamDialer(), SystemRandomSource.Instance, TimeProvider.System);

    public BindTlsTests(BindTlsServer server)
    {
        if (server.MissingReason is { } reason) Assert.Skip(reason);
        _server = server;
    }

    public void Dispose() => _client.Dispose();

    [Fact]
    [Trait("rfc", "7858§3")]
    public async Task Zone_WithATlsService_IsFoundUpdatedAndAskedByTls()
    {
        using TsigKey key = NameServer.MakeKey();
        ZoneServers found = await FindAsync(key, _server.Authority);
        var expected = new TlsEndPoint(_server.EndPoint.Address, _server.TlsPort, BindTlsServer.ServerName, TlsTrust.Only(_server.Authority));
        Assert.Equal([expected], found.Primary);
        Assert.Empty(found.Push);
        DnsName name = NameServer.Account.Prepend("by-tls");
        DnsUpdateBuilder update = new DnsUpdateBuilder(found.Zone).Replace(name, 60, new TxtData("x"));
        await new DnsUpdateClient(_client).UpdateAsync(update, found.Primary, key, TimeSpan.FromMinutes(90));
        DnsReply reply = await _client.QueryAsync(new DnsQuestion(name, DnsType.TXT), found.Primary, key, DnsTransport.Tls);
        Assert.True(reply.IsSigned);
        Assert.Equal(new TxtData("x"), Assert.Single(reply.Message.Answers).Data);
    }

    [Fact]
    public async Task Zone_WhoseServerIsAnothers_IsNotSpokenTo()
    {
        using TsigKey key = NameServer.MakeKey();
        using var other = AccountAuthority.Create();
        BtmmException error = await Assert.ThrowsAsync<BtmmException>(() => FindAsync(key, other));
        Assert.Equal(BtmmErrorReason.TlsUnknownAuthority, error.Reason);
    }

    [Fact]
    public async Task Connections_OneAfterTheOther_AreAnswered()
    {
        var server = new TlsEndPoint(_server.EndPoint.Address, _server.TlsPort, BindTlsServer.ServerName, TlsTrust.Only(_server.Authority));
        for (int i = 0; i < 2; i++)
        {
            using var client = new DnsClient(new UdpDatagramChannelFactory(), new TcpStreamDialer(), SystemRandomSource.Instance, TimeProvider.System);
            DnsReply reply = await client.QueryAsync(new DnsQuestion(NameServer.Zone, DnsType.SOA), [server]);
            Assert.Single(reply.Message.Answers);
        }
    }

    private Task<ZoneServers> FindAsync(TsigKey key, AccountAuthority authority) =>
        new ZoneServerFinder(_client, new FixedNameServers(_server.EndPoint)).FindAsync(NameServer.Account, [], key, authority);
}
