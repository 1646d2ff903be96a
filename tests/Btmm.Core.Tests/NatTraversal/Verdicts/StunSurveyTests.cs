using System.Net;
using Btmm.Core.Contracts;
using Btmm.Core.NatTraversal.Verdicts;
using Btmm.Protocol.NatTraversal.Stun;
using Btmm.TestKit;

namespace Btmm.Core.Tests.NatTraversal.Verdicts;

public sealed class StunSurveyTests
{
    private const string Local = "192.168.1.100";
    private const string First = "203.0.113.53:3478";
    private const string Second = "203.0.113.54:3479";

    private readonly FakeClock _clock = new();
    private readonly VirtualWire _wire;
    private readonly VirtualHost _host;

    public StunSurveyTests()
    {
        _wire = new VirtualWire(_clock) { Conditions = new WireConditions { Latency = TimeSpan.FromMilliseconds(10) } };
        _host = _wire.Host(Local);
    }

    [Fact, Trait("rfc", "5780§4.3")]
    public async Task Survey_NoNatAndNoFilter_SaysSo()
    {
        await using var server = new FakeStunServer(_wire, First, Second);
        StunFacts facts = await RunAsync(server.EndPoint);
        Assert.Equal(new NatBehaviour(NatMappingBehaviour.NoNat, NatFilteringBehaviour.EndpointIndependent, null), facts.Behaviour);
        Assert.Equal(facts.Local, facts.Mapped);
    }

    [Theory, Trait("rfc", "5780§4.3")]
    [InlineData(0, NatMappingBehaviour.EndpointIndependent)]
    [InlineData(1, NatMappingBehaviour.AddressDependent)]
    [InlineData(2, NatMappingBehaviour.AddressAndPortDependent)]
    public async Task Survey_KindsOfMapping_AreToldApart(int kind, NatMappingBehaviour expected)
    {
        await using var server = new FakeStunServer(_wire, First, Second)
        {
            Map = (client, at) => new(IPAddress.Parse("198.51.100.9"), client.Port + kind switch
            {
                0 => 0,
                1 => at.Address.GetAddressBytes()[3],
                _ => at.Address.GetAddressBytes()[3] + (at.Port * 2 % 1000),
            }),
        };
        StunFacts facts = await RunAsync(server.EndPoint);
        Assert.Equal(expected, facts.Behaviour.Mapping);
        Assert.Equal(kind == 0, facts.Behaviour.PreservesPort);
        Assert.Equal("198.51.100.9", $"{facts.Mapped?.Address}");
    }

    [Theory, Trait("rfc", "5780§4.4")]
    [InlineData(true, true, NatFilteringBehaviour.EndpointIndependent)]
    [InlineData(false, true, NatFilteringBehaviour.AddressDependent)]
    [InlineData(false, false, NatFilteringBehaviour.AddressAndPortDependent)]
    public async Task Survey_KindsOfFiltering_AreToldApart(bool both, bool port, NatFilteringBehaviour expected)
    {
        await using var server = new FakeStunServer(_wire, First, Second)
        {
            Map = (client, _) => new(IPAddress.Parse("198.51.100.9"), client.Port),
            LetsIn = change => change.HasFlag(StunChange.Address) ? both : port,
        };
        Assert.Equal(expected, (await RunAsync(server.EndPoint)).Behaviour.Filtering);
        Assert.True(_clock.Elapsed < TimeSpan.FromSeconds(1), $"{_clock.Elapsed}");
    }

    [Fact]
    public async Task Survey_OneServerWithOneAddress_TellsTheAddressAndNotTheBehaviour()
    {
        await using var server = new FakeStunServer(_wire, First) { Map = (client, _) => new(IPAddress.Parse("198.51.100.9"), client.Port) };
        StunFacts facts = await RunAsync(server.EndPoint);
        Assert.Equal(new NatBehaviour(NatMappingBehaviour.Unknown, NatFilteringBehaviour.Unknown, true), facts.Behaviour);
        Assert.Equal("198.51.100.9", $"{facts.Mapped?.Address}");
    }

    [Theory]
    [InlineData(0, NatMappingBehaviour.EndpointIndependent)]
    [InlineData(1, NatMappingBehaviour.AddressDependent)]
    public async Task Survey_TwoServersOfOneAddressEach_AreCompared(int step, NatMappingBehaviour expected)
    {
        Func<IPEndPoint, IPEndPoint, IPEndPoint> map = (client, at) => new(IPAddress.Parse("198.51.100.9"), client.Port + (step * at.Address.GetAddressBytes()[3]));
        await using var one = new FakeStunServer(_wire, First) { Map = map };
        await using var two = new FakeStunServer(_wire, "203.0.113.60:3478") { Map = map };
        Assert.Equal(expected, (await RunAsync(one.EndPoint, two.EndPoint)).Behaviour.Mapping);
    }

    // A zone service at home, or between two NATs, sees another address than the internet does, and sees it first.
    [Theory]
    [InlineData(Local)]
    [InlineData("192.168.0.2")]
    public async Task Survey_ServerInsideTheNetworkToo_IsNotComparedWithThoseOutside(string seenInside)
    {
        await using var inside = new FakeStunServer(_wire, "192.168.0.53:3478", "192.168.0.54:3479")
        {
            Map = (client, _) => new(IPAddress.Parse(seenInside), client.Port),
        };
        await using var outside = new FakeStunServer(_wire, First, Second)
        {
            Map = (client, _) => new(IPAddress.Parse("198.51.100.9"), client.Port),
            LetsIn = _ => false,
        };
        StunFacts facts = await RunAsync(inside.EndPoint, outside.EndPoint);
        Assert.Equal("198.51.100.9", $"{facts.Mapped?.Address}");
        Assert.Equal(
            new NatBehaviour(NatMappingBehaviour.EndpointIndependent, NatFilteringBehaviour.AddressAndPortDependent, true), facts.Behaviour);
    }

    [Fact]
    public async Task Survey_ServersInsideTheNetworkOnly_AreCompared()
    {
        await using var inside = new FakeStunServer(_wire, "192.168.0.53:3478", "192.168.0.54:3479");
        Assert.Equal(new NatBehaviour(NatMappingBehaviour.NoNat, NatFilteringBehaviour.EndpointIndependent, null), (await RunAsync(inside.EndPoint)).Behaviour);
    }

    [Fact]
    public async Task Survey_EndedWhileComparing_CountsWhatWasSeen()
    {
        // The other address answers at the first port only; the end comes while the second is still waited for.
        using var stop = new CancellationTokenSource(TimeSpan.FromMilliseconds(300), _clock);
        Func<IPEndPoint, IPEndPoint, IPEndPoint> map = (client, at) => new(IPAddress.Parse("198.51.100.9"), client.Port + at.Address.GetAddressBytes()[3]);
        await using var first = new FakeStunServer(_wire, First) { Map = map, Other = IPEndPoint.Parse(Second) };
        await using var other = new FakeStunServer(_wire, "203.0.113.54:3478") { Map = map };
        StunFacts facts = await RunAsync(stop.Token, first.EndPoint);
        Assert.Equal(NatMappingBehaviour.AddressDependent, facts.Behaviour.Mapping);
    }

    [Fact]
    public async Task Survey_OneServerSilent_DoesNotHoldTheOthersUp()
    {
        await using var server = new FakeStunServer(_wire, First);
        StunFacts facts = await RunAsync(IPEndPoint.Parse("203.0.113.99:3478"), server.EndPoint);
        Assert.NotNull(facts.Mapped);
        Assert.True(_clock.Elapsed < TimeSpan.FromSeconds(0.7), $"{_clock.Elapsed}");
    }

    [Fact]
    public async Task Survey_AllSilent_EndsWithinTwoSecondsAndHeardNothing()
    {
        StunFacts facts = await RunAsync(IPEndPoint.Parse("203.0.113.99:3478"));
        Assert.False(facts.HeardAnything);
        Assert.Null(facts.Mapped);
        Assert.Equal(1.75, _clock.Elapsed.TotalSeconds, 2);
        Assert.Equal(3, _wire.Sent.Count);
    }

    [Fact]
    public async Task Survey_DnsServerWithoutStun_IsHeardAndAskedOnce()
    {
        await using var server = new FakeStunServer(_wire, First) { Garbage = [0, 1, 0x81, 0x81, 0, 0, 0, 0, 0, 0, 0, 0] };
        StunFacts facts = await RunAsync(server.EndPoint);
        Assert.True(facts.HeardAnything);
        Assert.Null(facts.Mapped);
        Assert.Single(_wire.Sent, datagram => datagram.To.Equals(server.EndPoint));
    }

    [Theory]
    [InlineData("192.168.1.1:3479")]
    [InlineData("127.0.0.1:3479")]
    [InlineData("224.0.0.1:3479")]
    [InlineData("203.0.113.53:3479")]
    [InlineData("203.0.113.60:3478")]
    [InlineData("203.0.113.60:0")]
    public async Task Survey_OtherAddressOfALyingServer_IsNotAsked(string other)
    {
        await using var server = new FakeStunServer(_wire, First) { Other = IPEndPoint.Parse(other) };
        StunFacts facts = await RunAsync(server.EndPoint);
        Assert.NotNull(facts.Mapped);
        Assert.Single(_wire.Sent, datagram => datagram.From.Address.Equals(_host.Address));
    }

    [Fact]
    public async Task Survey_OtherAddressThatIsDead_LeavesFilteringUnknown()
    {
        await using var server = new FakeStunServer(_wire, First)
        {
            Other = IPEndPoint.Parse(Second),
            LetsIn = _ => false,
            Map = (client, _) => new(IPAddress.Parse("198.51.100.9"), client.Port),
        };
        Assert.Equal(new NatBehaviour(NatMappingBehaviour.Unknown, NatFilteringBehaviour.Unknown, true), (await RunAsync(server.EndPoint)).Behaviour);
    }

    [Fact]
    public async Task Survey_ManyDatagramsLost_StillLearnsTheAddress()
    {
        _wire.Conditions = _wire.Conditions with { Loss = 0.4, Duplication = 0.2, Reordering = 0.2 };
        await using var server = new FakeStunServer(_wire, First, Second);
        Assert.NotNull((await RunAsync(server.EndPoint)).Mapped);
    }

    [Fact]
    public async Task Survey_Ended_TellsWhatItHasByThen()
    {
        using var stop = new CancellationTokenSource(TimeSpan.FromMilliseconds(300), _clock);
        await using var server = new FakeStunServer(_wire, First, Second) { LetsIn = _ => false };
        StunFacts facts = await RunAsync(stop.Token, server.EndPoint);
        Assert.NotNull(facts.Mapped);
        Assert.Equal(NatFilteringBehaviour.Unknown, facts.Behaviour.Filtering);
    }

    [Fact]
    public async Task Client_OfAClosedPort_NoticesAtOnceWhenConnected()
    {
        _wire.Host("203.0.113.53");
        IPEndPoint server = IPEndPoint.Parse(First);
        await using var client = new StunClient(_host, new DatagramChannelOptions(new IPEndPoint(IPAddress.Any, 0), Connect: server), SystemRandomSource.Instance, _clock);
        Task<StunOutcome> asked = client.AskAsync(new StunQuery(server), CancellationToken.None);
        await _clock.RunUntilAsync(() => asked.IsCompleted, TimeSpan.FromSeconds(5));
        Assert.Equal(StunOutcomeKind.Unreachable, (await asked).Kind);
        Assert.True(_clock.Elapsed < TimeSpan.FromMilliseconds(100));
    }

    private Task<StunFacts> RunAsync(params IPEndPoint[] servers) => RunAsync(CancellationToken.None, servers);

    private async Task<StunFacts> RunAsync(CancellationToken stop, params IPEndPoint[] servers)
    {
        Task<StunFacts> survey = new StunSurvey(_host, SystemRandomSource.Instance, new EvidenceLog(_clock)).RunAsync(_host.Address, servers, stop);
        await _clock.RunUntilAsync(() => survey.IsCompleted, TimeSpan.FromSeconds(10));
        return await survey;
    }
}
