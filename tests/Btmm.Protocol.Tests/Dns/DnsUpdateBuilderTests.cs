using System.Net;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Protocol.Dns.Edns;
using Btmm.Protocol.Dns.Lease;
using Btmm.Protocol.Dns.Update;

namespace Btmm.Protocol.Tests.Dns;

public sealed class DnsUpdateBuilderTests
{
    private static readonly DnsName s_zone = DnsName.Parse("alice.members.test");
    private static readonly DnsName s_name = s_zone.Prepend("mymac");
    private static readonly AData s_address = new(IPAddress.Parse("198.51.100.2"));

    [Fact]
    [Trait("rfc", "2136§2.5")]
    public void Update_LikeApples_HasItsBytes()
    {
        DnsMessage message = new DnsUpdateBuilder(s_zone).Replace(s_name, 4500, s_address).Build(0xE1D0, new UpdateLeaseOption(7200));
        Assert.True(DnsMessage.TryParse(Vectors.Wire["R1"], out DnsMessage? apples));
        Assert.Equal(apples.Questions, message.Questions);
        Assert.Equal(apples.Updates, message.Updates);
        string ours = Convert.ToHexString(message.ToArray(), 0, 66);
        Assert.Equal(Convert.ToHexString(Vectors.Wire["R1"], 12, 54), ours[24..]); // up to OPT, but for the counts
    }

    [Fact]
    [Trait("rfc", "2136§2.4")]
    public void Entries_OfEachKind_AreEncodedAsTheTableSays()
    {
        DnsUpdateBuilder update = new DnsUpdateBuilder(s_zone)
            .RequireNameInUse(s_name).RequireNameNotInUse(s_name).RequireRRSet(s_name, DnsType.A).RequireNoRRSet(s_name, DnsType.A).RequireExactRRSet(s_name, s_address)
            .Add(s_name, 60, s_address).Delete(s_name, s_address).DeleteRRSet(s_name, DnsType.A).DeleteName(s_name);
        Assert.Equal(
            [
                new DnsRecord(s_name, DnsType.ANY, DnsClass.ANY, 0, EmptyData.Instance),
                new DnsRecord(s_name, DnsType.ANY, DnsClass.NONE, 0, EmptyData.Instance),
                new DnsRecord(s_name, DnsType.A, DnsClass.ANY, 0, EmptyData.Instance),
                new DnsRecord(s_name, DnsType.A, DnsClass.NONE, 0, EmptyData.Instance),
                new DnsRecord(s_name, DnsType.A, DnsClass.IN, 0, s_address),
            ],
            update.Prerequisites);
        Assert.Equal(
            [
                new DnsRecord(s_name, DnsType.A, DnsClass.IN, 60, s_address),
                new DnsRecord(s_name, DnsType.A, DnsClass.NONE, 0, s_address),
                new DnsRecord(s_name, DnsType.A, DnsClass.ANY, 0, EmptyData.Instance),
                new DnsRecord(s_name, DnsType.ANY, DnsClass.ANY, 0, EmptyData.Instance),
            ],
            update.Updates);
        Assert.True(DnsMessage.TryParse(update.Build(1).ToArray(), out DnsMessage? message));
        Assert.Equal(update.Updates, message.Updates);
        Assert.Equal(update.Prerequisites, message.Prerequisites);
        Assert.Null(message.Edns);
    }

    [Theory]
    [Trait("rfc", "9664§5")]
    [InlineData(0.0, 0.80)]
    [InlineData(1.0, 0.85)]
    [InlineData(0.5, 0.825)]
    public void Lease_Schedule_BeginsAt80To85Percent(double random, double expected)
    {
        var schedule = new LeaseSchedule(TimeSpan.FromSeconds(5400), random);
        Assert.Equal(5400 * expected, schedule.RefreshAt.TotalSeconds, 3);
        Assert.Equal(10, schedule.Attempts.Count);
        Assert.Equal(schedule.Attempts.Order(), schedule.Attempts);
        Assert.True(schedule.Attempts[^1] < schedule.Lease);
        double[] gaps = [.. schedule.Attempts.Zip(schedule.Attempts.Skip(1), (a, b) => (b - a).TotalSeconds)];
        Assert.All(gaps, gap => Assert.Equal(gaps[0], gap, 3));
        Assert.Equal(schedule.RefreshAt, schedule.NextAfter(TimeSpan.Zero));
        Assert.Equal(schedule.Attempts[1], schedule.NextAfter(schedule.RefreshAt));
        Assert.Null(schedule.NextAfter(schedule.Lease));
    }
}
