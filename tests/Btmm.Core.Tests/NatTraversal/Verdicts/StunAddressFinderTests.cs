using System.Net;
using Btmm.Core.Contracts;
using Btmm.Core.Dns.Tls;
using Btmm.Core.NatTraversal.Verdicts;
using Btmm.TestKit;

namespace Btmm.Core.Tests.NatTraversal.Verdicts;

public sealed class StunAddressFinderTests
{
    private readonly FakeClock _clock = new();
    private readonly VirtualWire _wire;
    private readonly VirtualHost _host;

    public StunAddressFinderTests()
    {
        _wire = new VirtualWire(_clock) { Conditions = new WireConditions { Latency = TimeSpan.FromMilliseconds(10) } };
        _host = _wire.Host("192.168.1.100");
    }

    // A zone service at home answers as well, and tells the address at home.
    [Theory]
    [InlineData("192.168.0.53:3478", "203.0.113.53:3478", "198.51.100.9")]
    [InlineData("203.0.113.53:3478", "192.168.0.53:3478", "198.51.100.9")]
    [InlineData("192.168.0.53:3478", null, "192.168.1.100")]
    public async Task Find_OfSeveralAnswers_IsTheOneFromOutside(string first, string? second, string address)
    {
        await using FakeStunServer one = Serve(first);
        await using FakeStunServer? other = second is null ? null : Serve(second);
        IPEndPoint[] servers = other is null ? [one.EndPoint] : [one.EndPoint, other.EndPoint];
        var finder = new StunAddressFinder(_ => Task.FromResult<IReadOnlyList<IPEndPoint>>(servers), _host, SystemRandomSource.Instance, _clock);
        Task<IPAddress?> found = finder.FindAsync(_host.Address, CancellationToken.None);
        await _clock.RunUntilAsync(() => found.IsCompleted, TimeSpan.FromSeconds(10));
        Assert.Equal(address, $"{await found}");
    }

    [Fact]
    public async Task Find_ZoneIsSpokenToByTls_AsksWhereItWouldAnswerPlainDns()
    {
        await using FakeStunServer server = Serve("203.0.113.53:53");
        IPEndPoint[] servers = [new TlsEndPoint(server.EndPoint.Address, TlsEndPoint.DefaultPort, "ns.example.net", TlsTrust.System)];
        var finder = new StunAddressFinder(_ => Task.FromResult<IReadOnlyList<IPEndPoint>>(servers), _host, SystemRandomSource.Instance, _clock);
        Task<IPAddress?> found = finder.FindAsync(_host.Address, CancellationToken.None);
        await _clock.RunUntilAsync(() => found.IsCompleted, TimeSpan.FromSeconds(10));
        Assert.Equal("198.51.100.9", $"{await found}");
    }

    private FakeStunServer Serve(string endpoint) => new(_wire, endpoint)
    {
        Map = (client, at) => new(at.Address.GetAddressBytes()[0] == 192 ? client.Address : IPAddress.Parse("198.51.100.9"), client.Port),
    };
}
