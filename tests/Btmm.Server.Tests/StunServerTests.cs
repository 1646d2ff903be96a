using System.Net;
using System.Net.Sockets;
using Btmm.Core.SignOn;
using Btmm.Protocol.NatTraversal.Stun;
using Btmm.TestKit;

namespace Btmm.Server.Tests;

/// <summary>STUN at the port of DNS and at ports of its own.</summary>
public sealed class StunServerTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);
    private static readonly byte[] s_id = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];

    [Theory, Trait("rfc", "8489§6.3.1")]
    [InlineData("198.51.100.7", 20, 32)]
    [InlineData("2001:db8::7", 20, 44)]
    public async Task Request_AtTheDnsPort_IsAnsweredWithTheAddressAlone(string address, int asked, int answered)
    {
        using var server = new ServerHarness();
        byte[] request = new byte[asked];
        new StunWriter(request, StunHeader.BindingRequest, s_id).Finish(withFingerprint: false);
        var client = new IPEndPoint(IPAddress.Parse(address), 4711);
        byte[]? answer = await server.SendAsync(request, client);
        Assert.Equal(answered, answer!.Length);
        Assert.True(StunResponse.TryParse(answer, s_id, out StunResponse? response));
        Assert.Equal(client, response.MappedAddress);
        Assert.Null(response.OtherAddress);
    }

    [Fact, Trait("rfc", "8489§6.3.1")]
    public async Task Request_WithCheckSum_GetsOne()
    {
        using var server = new ServerHarness();
        byte[] request = new byte[28];
        Assert.Equal(28, StunResponse.WriteRequest(request, s_id));
        Assert.Equal(40, (await server.SendAsync(request))!.Length);
        request[^1] ^= 1;
        Assert.Null(await server.SendAsync(request));
    }

    [Fact, Trait("rfc", "8489§6.3.1")]
    public async Task Request_WithWhatIsNotUnderstood_Is420AndNamesIt()
    {
        using var server = new ServerHarness();
        byte[] request = new byte[64];
        int length = StunResponse.WriteRequest(request, s_id, StunChange.Port); // no other address here
        byte[] answer = (await server.SendAsync(request[..length]))!;
        Assert.True(StunResponse.TryParse(answer, s_id, out StunResponse? response));
        Assert.Equal(420, response.Error);
        Assert.Equal([0x00, 0x0A, 0x00, 0x02, 0x00, 0x03], answer[28..34]);
    }

    [Theory, Trait("rfc", "8489§6.3")]
    [InlineData(0x0011)]
    [InlineData(0x0101)]
    [InlineData(0x0003)]
    public async Task OtherMessages_AreNotAnswered(ushort type)
    {
        using var server = new ServerHarness();
        byte[] message = new byte[20];
        new StunWriter(message, type, s_id).Finish(withFingerprint: false);
        Assert.Null(await server.SendAsync(message));
    }

    [Fact]
    public async Task Requests_OverTheLimit_AreNotAnswered()
    {
        using var server = new ServerHarness(service: new ZoneServiceOptions { Endpoints = [], Zones = [], RateLimit = new RateLimit { AnswersPerSecond = 10 } });
        byte[] request = new byte[28];
        StunResponse.WriteRequest(request, s_id);
        int answered = 0;
        for (int i = 0; i < 100; i++)
            answered += await server.SendAsync(request) is null ? 0 : 1;
        Assert.Equal(50, answered);
    }

    [Fact, Trait("rfc", "5780§6.1")]
    public async Task TwoEndpoints_MakeFourAndAnswerFromWhereTheyAreAsked()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux has the whole of 127/8 without being told.");
        using BtmmAccount account = TestZones.NewAccount();
        IPEndPoint[] endpoints = [new(IPAddress.Loopback, FreePort.Take()), new(IPAddress.Parse("127.0.0.2"), FreePort.Take())];
        await using var service = new ZoneService(TestZones.Options(account) with { StunEndpoints = endpoints });
        await service.StartAsync();
        Assert.Equal(4, service.StunEndpoints.Count);
        foreach (IPEndPoint asked in service.StunEndpoints)
        {
            var other = new IPEndPoint(endpoints.Single(item => !item.Address.Equals(asked.Address)).Address, endpoints.Single(item => item.Port != asked.Port).Port);
            foreach (StunChange change in new[] { StunChange.None, StunChange.Port, StunChange.Address, StunChange.Address | StunChange.Port })
            {
                (StunResponse response, IPEndPoint from, IPEndPoint client) = await AskAsync(asked, change);
                IPEndPoint expected = new((change & StunChange.Address) != 0 ? other.Address : asked.Address, (change & StunChange.Port) != 0 ? other.Port : asked.Port);
                Assert.Equal((expected, expected, other, client), (from, response.Origin, response.OtherAddress, response.MappedAddress));
            }
        }
    }

    [Fact]
    public async Task OneEndpoint_AnswersWithoutTheOthers()
    {
        using BtmmAccount account = TestZones.NewAccount();
        await using var service = new ZoneService(TestZones.Options(account) with { StunEndpoints = [new IPEndPoint(IPAddress.Loopback, 0)] });
        await service.StartAsync();
        (StunResponse response, _, IPEndPoint client) = await AskAsync(Assert.Single(service.StunEndpoints), StunChange.None);
        Assert.Equal((client, null, null), (response.MappedAddress, response.OtherAddress, response.Origin));
    }

    private static async Task<(StunResponse Response, IPEndPoint From, IPEndPoint Client)> AskAsync(IPEndPoint server, StunChange change)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        byte[] buffer = new byte[256];
        int length = StunResponse.WriteRequest(buffer, s_id, change);
        await socket.SendToAsync(buffer.AsMemory(0, length), server);
        using var patience = new CancellationTokenSource(s_patience);
        SocketReceiveFromResult received = await socket.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0), patience.Token);
        Assert.True(StunResponse.TryParse(buffer.AsSpan(0, received.ReceivedBytes), s_id, out StunResponse? response));
        return (response, (IPEndPoint)received.RemoteEndPoint, (IPEndPoint)socket.LocalEndPoint!);
    }
}
