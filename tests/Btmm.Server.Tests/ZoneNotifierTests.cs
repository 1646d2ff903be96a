using System.Net;
using Btmm.Core.Administration;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Protocol.Dns.Tsig;
using Btmm.Server.Hosting;
using Btmm.Server.Transfers;

namespace Btmm.Server.Tests;

/// <summary>Notifications to secondaries.</summary>
public sealed class ZoneNotifierTests : IDisposable
{
    private static readonly IPEndPoint s_secondary = new(IPAddress.Parse("192.0.2.99"), 53);
    private static readonly TimeSpan s_gathering = TimeSpan.FromMilliseconds(100);

    private readonly ServerHarness _server = new();

    private ZoneNotifier Notifier => _server.Notifier;

    public void Dispose() => _server.Dispose();

    [Fact, Trait("rfc", "1996§3.6")]
    public void Change_Alone_IsToldWithTheSoaAndEndsWithTheAnswer()
    {
        DnsMessage notify = AnnounceAndTake();
        Assert.Equal((DnsOpcode.Notify, DnsFlags.Authoritative), (notify.Opcode, notify.Flags));
        Assert.Equal([new DnsQuestion(_server.Apex, DnsType.SOA)], notify.Questions);
        Assert.Equal([_server.Zone.Current.Soa], notify.Answers);
        Answer(notify);
        Assert.Null(Notifier.NextTimeout);
        Assert.Equal(1, _server.Metrics.Read(ServerCount.NotifiesSent));
    }

    [Fact]
    public void Changes_Together_AreToldOnce()
    {
        for (int i = 0; i < 1000; i++)
            Announce();
        Assert.False(Notifier.TryTakeOutput(out _));
        _server.Time.Advance(s_gathering);
        Assert.True(Notifier.TryTakeOutput(out _));
        Assert.False(Notifier.TryTakeOutput(out _));
    }

    [Fact]
    public async Task Change_WhileAnAnswerIsAwaited_IsToldAfterIt()
    {
        DnsMessage first = AnnounceAndTake();
        await _server.AddAsync(Records.A(_server.Name("a"), "192.0.2.1"));
        Announce();
        Answer(first);
        _server.Time.Advance(s_gathering);
        Assert.True(Notifier.TryTakeOutput(out NotifyOutput output));
        DnsMessage second = Parse(output);
        Assert.Equal(_server.Serial, ((SoaData)second.Answers[0].Data).Serial);
        Answer(second);
        Assert.Null(Notifier.NextTimeout);
    }

    [Fact, Trait("rfc", "1996§3.6")]
    public void Silence_IsAnsweredByRepetitionsAtGrowingIntervalsUntilNoMore()
    {
        DnsMessage first = AnnounceAndTake();
        foreach (int seconds in new[] { 2, 4, 8, 16, 32 })
        {
            _server.Time.Advance(TimeSpan.FromSeconds(seconds) - TimeSpan.FromTicks(1));
            Assert.False(Notifier.TryTakeOutput(out _));
            _server.Time.Advance(TimeSpan.FromTicks(1));
            Assert.True(Notifier.TryTakeOutput(out NotifyOutput again));
            Assert.Equal(first.Questions, Parse(again).Questions);
        }

        _server.Time.Advance(TimeSpan.FromSeconds(64));
        Assert.False(Notifier.TryTakeOutput(out _));
        Assert.Null(Notifier.NextTimeout);
        Assert.Equal((1, 1), (_server.Metrics.Read(ServerCount.NotifiesSent), _server.Metrics.Read(ServerCount.NotifiesUnanswered)));
    }

    [Fact, Trait("rfc", "1996§3.11")]
    public void Answer_FromElsewhereOrToSomethingElse_DoesNotCount()
    {
        DnsMessage notify = AnnounceAndTake();
        Answer(notify, new IPEndPoint(s_secondary.Address, 54));
        Answer(notify with { Id = (ushort)(notify.Id + 1) });
        Answer(notify with { Questions = [new DnsQuestion(_server.Name("a"), DnsType.SOA)] });
        Answer(notify with { Opcode = DnsOpcode.Query });
        Assert.NotNull(Notifier.NextTimeout);
        Answer(notify with { Rcode = DnsRcode.Refused });
        Assert.Null(Notifier.NextTimeout);
    }

    [Fact]
    public void Key_IsUsedAndItsAnswerMustBeSigned()
    {
        Notifier.Announce(_server.Zone, [new ZoneSecondary(s_secondary, _server.Key.Name)]);
        _server.Time.Advance(s_gathering);
        Assert.True(Notifier.TryTakeOutput(out NotifyOutput output));
        var tsig = new TsigServerTransaction();
        Assert.Equal(TsigStatus.Valid, tsig.Verify(output.Message, new TsigKeyRing([_server.Key]), _server.Time.GetUtcNow()));
        DnsMessage notify = Parse(output) with { Additional = [] };
        Answer(notify);
        Assert.NotNull(Notifier.NextTimeout);

        byte[] signed = new byte[512];
        Assert.True((notify with { Flags = DnsFlags.Response }).TryWrite(signed, out int length));
        Assert.True(tsig.TrySignResponse(signed, length, _server.Time.GetUtcNow(), out length));
        Notifier.HandleResponse(signed.AsSpan(0, length), s_secondary);
        Assert.Null(Notifier.NextTimeout);
    }

    [Fact]
    public void Key_ThatIsNotThere_SendsNothing()
    {
        Notifier.Announce(_server.Zone, [new ZoneSecondary(s_secondary, DnsName.Parse("nobody"))]);
        _server.Time.Advance(s_gathering);
        Assert.False(Notifier.TryTakeOutput(out _));
        Assert.Null(Notifier.NextTimeout);
    }

    [Fact, Trait("rfc", "1996§2")]
    public async Task Targets_OfNsRecords_AreTheOthersEachOnce()
    {
        using var server = new ServerHarness(change: options => options with { NotifiesNameServers = true, Secondaries = [new ZoneSecondary(s_secondary)] });
        DnsName inside = server.Name("ns2");
        await server.AddAsync(Records.A(inside, "192.0.2.2"), Records.Aaaa(inside, "2001:db8::2"));
        await server.AddAsync(
            Records.Ns(server.Apex, inside), Records.Ns(server.Apex, DnsName.Parse("ns.example.org")), Records.Ns(server.Apex, DnsName.Parse("gone.example.org")));
        int asked = 0;
        var targets = new NameServerTargets(server.Clock, (name, _) =>
        {
            asked++;
            return name == "ns.example.org" ? Task.FromResult<IPAddress[]>([s_secondary.Address, IPAddress.Parse("192.0.2.3")]) : throw new System.Net.Sockets.SocketException(11001);
        });
        for (int i = 0; i < 2; i++)
        {
            IReadOnlyList<ZoneSecondary> found = await targets.FindAsync(server.Zone, CancellationToken.None);
            Assert.Equal(
                ["192.0.2.2:53", "192.0.2.3:53", "192.0.2.99:53", "[2001:db8::2]:53"],
                found.Select(item => item.EndPoint.ToString()).Order(StringComparer.Ordinal));
        }

        Assert.Equal(2, asked);
    }

    private void Announce() => Notifier.Announce(_server.Zone, [new ZoneSecondary(s_secondary)]);

    private DnsMessage AnnounceAndTake()
    {
        Announce();
        _server.Time.Advance(s_gathering);
        Assert.True(Notifier.TryTakeOutput(out NotifyOutput output));
        Assert.Equal(s_secondary, output.Target);
        return Parse(output);
    }

    private void Answer(DnsMessage notify, IPEndPoint? from = null) =>
        Notifier.HandleResponse((notify with { Flags = notify.Flags | DnsFlags.Response }).ToArray(), from ?? s_secondary);

    private static DnsMessage Parse(NotifyOutput output) => DnsMessage.TryParse(output.Message, out DnsMessage? message) ? message : throw new InvalidDataException();
}
