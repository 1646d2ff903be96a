using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Protocol.Dns.Edns;

namespace Btmm.Protocol.Tests.Dns;

/// <summary>Requests read in place, held against the reader that makes objects.</summary>
public sealed class DnsRequestViewTests
{
    private const int Seed = 6891;

    private static readonly DnsName s_name = DnsName.Parse("Studio.alice.members.example.net");

    [Fact]
    public void TryParse_AQueryWithEdns_GivesAllOfIt()
    {
        byte[] bytes = Query(new EdnsInfo(4096, [new UnknownOption(10, new byte[8]), new UnknownOption(65_001, new byte[] { 1, 2, 3 })], DnssecOk: true));
        Assert.True(DnsRequestView.TryParse(bytes, out DnsRequestView view));
        Assert.Equal(s_name.Wire.ToArray(), view.Name.ToArray());
        Assert.Equal((DnsType.SRV, DnsClass.IN), (view.Type, view.Class));
        Assert.Equal(s_name.WireLength + 4, view.Question.Length);
        Assert.True(view.HasEdns && view.DnssecOk && !view.IsSigned);
        Assert.Equal((4096, 0), (view.UdpPayloadSize, view.EdnsVersion));
        Assert.True(view.TryFindOption(65_001, out ReadOnlySpan<byte> data));
        Assert.Equal([1, 2, 3], data.ToArray());
        Assert.True(view.TryFindOption(10, out data));
        Assert.Equal(8, data.Length);
        Assert.False(view.TryFindOption(1, out _));
    }

    [Fact]
    public void TryParse_WithoutEdnsOrQuestion_HasNone()
    {
        Assert.True(DnsRequestView.TryParse(Query(null), out DnsRequestView plain));
        Assert.False(plain.HasEdns || plain.TryFindOption(10, out _));
        Assert.True(DnsRequestView.TryParse(new DnsMessage { Additional = [new EdnsInfo().ToRecord()] }.ToArray(), out DnsRequestView empty));
        Assert.True(empty.Name.IsEmpty && empty.Question.IsEmpty && empty.HasEdns);
    }

    [Fact]
    [Trait("rfc", "6891§6.1.1")]
    public void TryParse_TwoOptRecordsOrOneInTheWrongPlace_Fails()
    {
        DnsRecord opt = new EdnsInfo().ToRecord();
        DnsMessage query = new() { Questions = [new DnsQuestion(s_name, DnsType.A)] };
        Assert.False(DnsRequestView.TryParse((query with { Additional = [opt, opt] }).ToArray(), out _));
        Assert.False(DnsRequestView.TryParse((query with { Answers = [opt] }).ToArray(), out _));
        Assert.False(DnsRequestView.TryParse((query with { Additional = [opt with { Name = s_name }] }).ToArray(), out _));
        Assert.False(DnsRequestView.TryParse([.. query.ToArray(), 0], out _));
    }

    [Fact]
    public void TryParse_BadInput_NeverThrowsAndAgreesWithTheOtherReader()
    {
        DnsRecord address = new(s_name, 60, new TxtData("x"));
        byte[][] good =
        [
            Query(null),
            Query(new EdnsInfo(1232, [new UnknownOption(10, new byte[16])])),
            (new DnsMessage { Questions = [new DnsQuestion(s_name, DnsType.A)], Answers = [address], Additional = [address, new EdnsInfo().ToRecord()] }).ToArray(),
        ];
        IEnumerable<byte[]> bad = good.SelectMany(Mutations.Truncations)
            .Concat(good.SelectMany(Mutations.SingleByteChanges))
            .Concat(Mutations.Random(good, 100_000, Seed));
        foreach (byte[] bytes in bad)
        {
            bool isRequest = DnsRequestView.TryParse(bytes, out DnsRequestView view);
            if (!DnsMessage.TryParse(bytes, out DnsMessage? message)) continue;
            // What can be read as objects can be read in place; the opposite is not asked for, since data is passed over.
            Assert.True(isRequest, Convert.ToHexString(bytes));
            Assert.Equal(message.Edns?.UdpPayloadSize, view.HasEdns ? view.UdpPayloadSize : null);
            if (message.Questions.Count == 0) continue;
            Assert.Equal(message.Questions[0].Name.Wire.ToArray(), view.Name.ToArray());
            Assert.Equal((message.Questions[0].Type, message.Questions[0].Class), (view.Type, view.Class));
        }
    }

    private static byte[] Query(EdnsInfo? edns) => new DnsMessage
    {
        Id = 7,
        Questions = [new DnsQuestion(s_name, DnsType.SRV)],
        Additional = edns is null ? [] : [edns.ToRecord()],
    }.ToArray();
}
