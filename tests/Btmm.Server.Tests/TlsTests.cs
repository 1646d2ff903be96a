using System.Buffers.Binary;
using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;
using Btmm.Core.Dns;
using Btmm.Core.Dns.Tls;
using Btmm.Core.SignOn;
using Btmm.Protocol.Dns;
using Microsoft.Extensions.Time.Testing;

namespace Btmm.Server.Tests;

/// <summary>The TLS listener and our client over real loopback sockets: who is believed, and who is not (RFC 7858, RFC 8310).</summary>
public sealed class TlsTests : IAsyncLifetime
{
    private const string ServerName = "ns.alice.members.example.net";

    private readonly BtmmAccount _account = TestZones.NewAccount();
    private readonly BtmmAccount _other = TestZones.NewAccount("bob.members.example.net");
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private readonly SocketDialer _dialer = new();
    private ZoneService? _service;

    private ZoneService Service => _service ?? throw new InvalidOperationException();

    public async ValueTask InitializeAsync()
    {
        _service = new ZoneService(TestZones.Options(_account, _other) with
        {
            TlsEndpoints = [new IPEndPoint(IPAddress.Loopback, 0)], Limits = new ZoneServiceLimits { ConnectionMessageTimeout = TimeSpan.FromSeconds(1) },
        });
        await _service.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await Service.DisposeAsync();
        _account.Dispose();
        _other.Dispose();
    }

    [Fact]
    [Trait("rfc", "7858§3.3")]
    public async Task Connection_OfTheAccount_CarriesMessages()
    {
        await using SslStream stream = await ConnectAsync(Server());
        Assert.Equal("dot", stream.NegotiatedApplicationProtocol.ToString());
        Assert.Equal(7, (await AskAsync(stream, 7)).Id);
        Assert.Equal(8, (await AskAsync(stream, 8)).Id);
    }

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task Handshake_OfBothVersions_Succeeds(SslProtocols version)
    {
        await using var stream = new SslStream(await _dialer.ConnectAsync(Service.TlsEndpoints[0], CancellationToken.None));
        await stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = ServerName,
            EnabledSslProtocols = version,
            RemoteCertificateValidationCallback = static (_, _, _, _) => true,
        });
        Assert.Equal(version, stream.SslProtocol);
        Assert.Equal(3, (await AskAsync(stream, 3)).Id);
    }

    [Fact]
    public async Task Certificate_ForEachAccount_IsFromItsOwnAuthority()
    {
        await using SslStream bob = await ConnectAsync(Server(_other, "ns.bob.members.example.net"));
        BtmmException mixed = await FailAsync(Server(_account, "ns.bob.members.example.net"));
        Assert.Equal(BtmmErrorReason.TlsUnknownAuthority, mixed.Reason);
        Assert.Contains(Service.TlsEndpoints[0].ToString(), mixed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Client_WithoutTheAuthority_DoesNotBelieveTheServer()
    {
        BtmmException error = await FailAsync(new TlsEndPoint(IPAddress.Loopback, Service.TlsEndpoints[0].Port, ServerName, TlsTrust.System));
        Assert.Equal(BtmmErrorReason.TlsUnknownAuthority, error.Reason);
    }

    [Fact]
    public async Task Client_OfAnotherServersName_SaysSo()
    {
        BtmmException error = await FailAsync(Server(_account, "ns2.alice.members.example.net"));
        Assert.Equal(BtmmErrorReason.TlsWrongName, error.Reason);
        Assert.Contains("not for ns2.alice", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(-2, BtmmErrorReason.TlsCertificateNotYetValid)]
    [InlineData(8, BtmmErrorReason.TlsCertificateExpired)]
    public async Task Client_WhoseClockIsWrong_IsToldBothClocks(int days, BtmmErrorReason reason)
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow.AddDays(days));
        var connector = new TlsConnector(_dialer, time);
        BtmmException error = await Assert.ThrowsAsync<BtmmException>(() => connector.ConnectAsync(Server(), CancellationToken.None).AsTask());
        Assert.Equal(reason, error.Reason);
        Assert.Contains($"clock says {time.GetUtcNow():yyyy-MM-dd}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Server_ThatSpeaksNoTls_IsToldApart()
    {
        var plain = new TlsEndPoint(IPAddress.Loopback, Service.Endpoints[0].Port, ServerName, TlsTrust.Only(_account.Authority!));
        Assert.Equal(BtmmErrorReason.TlsUnavailable, (await FailAsync(plain)).Reason);
    }

    [Fact]
    [Trait("rfc", "8446§2.2")]
    public async Task SecondConnection_ResumesTheSession()
    {
        await using (SslStream first = await ConnectAsync(Server()))
            await AskAsync(first, 1);
        long whole = _dialer.Received;
        await using SslStream second = await ConnectAsync(Server());
        await AskAsync(second, 2);
        // A resumed handshake shows no certificate again.
        Assert.True(_dialer.Received < whole - 300, $"{_dialer.Received} bytes after {whole}");
    }

    [Fact]
    [Trait("rfc", "7858§3.4")]
    public async Task DnsClient_SeveralExchanges_UseOneConnection()
    {
        using var client = new DnsClient(new NoDatagrams(), _dialer, SystemRandomSource.Instance, TimeProvider.System);
        for (int i = 0; i < 3; i++)
        {
            DnsReply reply = await client.QueryAsync(new DnsQuestion(TestZones.Alice, DnsType.SOA), [Server()], _account.UpdateKey);
            Assert.True(reply.IsSigned);
        }

        Assert.Equal(1, _dialer.Count);
        Assert.Equal(1, Service.GetStatus().Connections);
    }

    [Fact]
    public async Task DnsClient_WhoseKeptConnectionEnded_ConnectsAgain()
    {
        using var client = new DnsClient(new NoDatagrams(), _dialer, SystemRandomSource.Instance, TimeProvider.System);
        TlsEndPoint server = Server();
        await client.QueryAsync(new DnsQuestion(TestZones.Alice, DnsType.SOA), [server]);
        await Service.DisposeAsync();
        _service = new ZoneService(TestZones.Options(_account) with { TlsEndpoints = [new IPEndPoint(server.Address, server.Port)] });
        await _service.StartAsync();
        await client.QueryAsync(new DnsQuestion(TestZones.Alice, DnsType.SOA), [server]);
        Assert.Equal(2, _dialer.Count);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task DnsClient_WhoseKeptConnectionLeadsNowhere_SoonConnectsAgain(bool isTold)
    {
        var options = new DnsClientOptions { FirstTimeout = TimeSpan.FromMilliseconds(isTold ? 30_000 : 100), TcpTimeout = TimeSpan.FromMinutes(1) };
        using var client = new DnsClient(new NoDatagrams(), _dialer, SystemRandomSource.Instance, TimeProvider.System, options);
        TlsEndPoint server = Server();
        await client.QueryAsync(new DnsQuestion(TestZones.Alice, DnsType.SOA), [server]);
        _dialer.Cut();
        if (isTold)
            client.NetworkChanged();
        await client.QueryAsync(new DnsQuestion(TestZones.Alice, DnsType.SOA), [server]);
        Assert.Equal(2, _dialer.Count);
    }

    [Fact]
    public async Task DnsClient_ToldTlsOnly_DoesNotSpeakInClearText()
    {
        using var client = new DnsClient(new NoDatagrams(), _dialer, SystemRandomSource.Instance, TimeProvider.System);
        BtmmException error = await Assert.ThrowsAsync<BtmmException>(
            () => client.QueryAsync(new DnsQuestion(TestZones.Alice, DnsType.SOA), [Service.Endpoints[0]], transport: DnsTransport.Tls));
        Assert.Equal(BtmmErrorReason.TlsUnavailable, error.Reason);
        Assert.Equal(0, _dialer.Count);
    }

    private TlsEndPoint Server(BtmmAccount? account = null, string name = ServerName) =>
        new(IPAddress.Loopback, Service.TlsEndpoints[0].Port, name, TlsTrust.Only((account ?? _account).Authority!));

    private async Task<SslStream> ConnectAsync(TlsEndPoint server) => await new TlsConnector(_dialer, _time).ConnectAsync(server, CancellationToken.None);

    private Task<BtmmException> FailAsync(TlsEndPoint server) => Assert.ThrowsAsync<BtmmException>(() => ConnectAsync(server));

    private static async Task<DnsMessage> AskAsync(Stream stream, ushort id)
    {
        byte[] message = (ServerHarness.Query(TestZones.Alice, DnsType.SOA) with { Id = id }).ToArray();
        await stream.WriteAsync((byte[])[(byte)(message.Length >> 8), (byte)message.Length, .. message]);
        byte[] prefix = new byte[2];
        await stream.ReadExactlyAsync(prefix);
        byte[] answer = new byte[BinaryPrimitives.ReadUInt16BigEndian(prefix)];
        await stream.ReadExactlyAsync(answer);
        Assert.True(DnsMessage.TryParse(answer, out DnsMessage? parsed));
        return parsed;
    }

    private sealed class NoDatagrams : IDatagramChannelFactory
    {
        public IDatagramChannel Open(DatagramChannelOptions options) => throw new NotSupportedException();
    }
}
