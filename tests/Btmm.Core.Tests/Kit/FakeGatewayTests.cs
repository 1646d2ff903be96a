using System.Net;
using Btmm.Core.Contracts;
using Btmm.TestKit;

namespace Btmm.Core.Tests.Kit;

/// <summary>The gateway that other tests stand on, asked by hand in bytes.</summary>
public sealed class FakeGatewayTests : IAsyncDisposable
{
    private const string Map = "02010000000003e800000000000000000000ffffc0a80164112233445566778899aabbcc1100000004d204d200000000000000000000ffff00000000";
    private readonly FakeClock _clock = new();
    private readonly VirtualWire _wire;
    private readonly FakeGateway _gateway;
    private readonly IDatagramChannel _client;

    public FakeGatewayTests()
    {
        _wire = new VirtualWire(_clock);
        _gateway = new FakeGateway(_wire, "192.168.1.1", "203.0.113.10", _clock, address6: "fe80::1");
        _client = _wire.Host("192.168.1.100").Open(new DatagramChannelOptions(new IPEndPoint(IPAddress.Any, 0)));
    }

    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync();
        await _gateway.DisposeAsync();
    }

    [Fact]
    [Trait("rfc", "6887§11.1")]
    public async Task Gateway_PcpMap_GrantedRenewedAndDeletedByItsNonceAlone()
    {
        Assert.Equal(
            "02810000000003e8000046500000000000000000000000001122334455667788" +
            "99aabbcc1100000004d204d200000000000000000000ffffcb00710a",
            await AskAsync(Map));
        FakeMapping mapping = Assert.Single(_gateway.Mappings);
        Assert.Equal((1234, "112233445566778899AABBCC"), (mapping.ExternalPort, mapping.Nonce));
        string other = Map.Replace("1122", "1123", StringComparison.Ordinal);
        Assert.StartsWith("02810002000003e8", await AskAsync(other), StringComparison.Ordinal);
        Assert.StartsWith("02810002", await AskAsync(other.Replace("000003e8", "00000000", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.Single(_gateway.Mappings);
        Assert.StartsWith("02810000000003e8", await AskAsync(Map), StringComparison.Ordinal);
        Assert.StartsWith("0281000000000000", await AskAsync(Map.Replace("000003e8", "00000000", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.Empty(_gateway.Mappings);
        Assert.Equal(3, _gateway.Count(FakeGatewayRequestKind.Map, FakeGatewayProtocols.Pcp, IPAddress.Parse("192.168.1.100")));
        Assert.Equal(2, _gateway.Count("Delete"));
    }

    [Theory]
    [InlineData("", "", "028100030000070800004650")] // too short for MAP
    [InlineData("c0a80164", "c0a80165", "0281000c00000708")] // ADDRESS_MISMATCH
    [InlineData("0201", "0301", "0281000100000708")] // UNSUPP_VERSION
    [InlineData("0201", "0207", "0287000400000708")] // UNSUPP_OPCODE
    [InlineData("1100000004d2", "3a00000004d2", "0281000900000708")] // UNSUPP_PROTOCOL
    [InlineData("ffff00000000", "ffff000000000100", "0281000300000708")] // a length that is no multiple of four
    [InlineData("ffff00000000", "ffff000000000100001000000000000000000000ffffc0a80166", "0281000500000708")] // THIRD_PARTY
    public async Task Gateway_PcpMapItDislikes_AnswersTheCode(string part, string instead, string expected)
    {
        string request = part.Length == 0 ? Map[..80] : Map.Replace(part, instead, StringComparison.Ordinal);
        Assert.StartsWith(expected, await AskAsync(request), StringComparison.Ordinal);
        Assert.Empty(_gateway.Mappings);
    }

    [Fact]
    public async Task Gateway_PreferFailure_GrantsThePortOrNothing()
    {
        _gateway.TakePort(1234);
        Assert.StartsWith("0281000b", await AskAsync(Map + "02000000"), StringComparison.Ordinal);
        Assert.Contains("000004d204d3", await AskAsync(Map), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Gateway_OneProtocolOnly_RefusesTheOtherInItsOwn()
    {
        _gateway.Protocols = FakeGatewayProtocols.NatPmp;
        Assert.Equal("0081000100004650", await AskAsync(Map));
        Assert.Equal("008000000000465000000000".Length, (await AskAsync("0000")).Length);
        _gateway.Protocols = FakeGatewayProtocols.Pcp;
        Assert.StartsWith("0280000100000708", await AskAsync("0000"), StringComparison.Ordinal);
        Assert.StartsWith("0280000000000000", await AskAsync("0200000000000000" + "00000000000000000000ffffc0a80164"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Gateway_Pinhole_KeepsAddressAndPort()
    {
        await using IDatagramChannel client = _wire.Host("2001:db8::100").Open(
            new DatagramChannelOptions(new IPEndPoint(IPAddress.Parse("2001:db8::100"), 0)));
        byte[] request = Convert.FromHexString(Map.Replace("00000000000000000000ffffc0a80164", "20010db8000000000000000000000100", StringComparison.Ordinal));
        await client.SendAsync(request, IPEndPoint.Parse("[fe80::1%2]:5351"), CancellationToken.None);
        byte[] answer = new byte[100];
        Assert.Equal(60, (await client.ReceiveAsync(answer, CancellationToken.None)).Length);
        Assert.Equal(IPAddress.Parse("2001:db8::100"), new IPAddress(answer.AsSpan(44, 16)));
        Assert.Equal(IPAddress.Parse("2001:db8::100"), Assert.Single(_gateway.Mappings).Client);
    }

    private async Task<string> AskAsync(string hex)
    {
        await _client.SendAsync(Convert.FromHexString(hex), new IPEndPoint(_gateway.Address, 5351), CancellationToken.None);
        byte[] buffer = new byte[1500];
        ReceivedDatagram received = await _client.ReceiveAsync(buffer, CancellationToken.None);
        return Convert.ToHexStringLower(buffer, 0, received.Length);
    }
}
