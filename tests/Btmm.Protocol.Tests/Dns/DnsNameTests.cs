using Btmm.Protocol.Dns;

namespace Btmm.Protocol.Tests.Dns;

public sealed class DnsNameTests
{
    [Theory]
    [InlineData("studio.alice.members.example.net", "studio.alice.members.example.net")]
    [InlineData("studio.alice.members.example.net.", "studio.alice.members.example.net")]
    [InlineData(".", ".")]
    [InlineData("My\\032Mac._ssh._tcp.x", "My\\032Mac._ssh._tcp.x")]
    [InlineData("My Mac.x", "My\\032Mac.x")]
    [InlineData("a\\.b.c", "a\\.b.c")]
    [InlineData("a\\\\b.c", "a\\\\b.c")]
    [InlineData("\\255\\000.c", "\\255\\000.c")]
    [InlineData("ü.x", "\\195\\188.x")]
    public void Text_WellFormed_RoundTrips(string text, string expected)
    {
        DnsName name = DnsName.Parse(text);
        Assert.Equal(expected, name.ToString());
        Assert.Equal(name, DnsName.Parse(name.ToString()));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("..")]
    [InlineData(".a")]
    [InlineData("a..b")]
    [InlineData("a\\")]
    [InlineData("a\\25")]
    [InlineData("a\\256")]
    [InlineData("a\\2x6")]
    [InlineData("a123456789012345678901234567890123456789012345678901234567890123.b")]
    public void Text_Malformed_IsRejected(string? text) => Assert.False(DnsName.TryParse(text, out _));

    [Fact]
    public void Text_At255Bytes_IsTheLongest()
    {
        string label = new('a', 63);
        string longest = $"{label}.{label}.{label}.{new string('a', 61)}";
        Assert.Equal(255, DnsName.Parse(longest).WireLength);
        Assert.False(DnsName.TryParse(longest + "a", out _));
        Assert.Throws<ArgumentException>(() => DnsName.Parse(longest).Prepend("b"));
    }

    [Fact]
    public void Equality_OfDifferentCase_HoldsAndHashesAreEqual()
    {
        DnsName one = DnsName.Parse("StuDio.Example.NET"), other = DnsName.Parse("studio.example.net");
        Assert.True(one == other);
        Assert.Equal(one.GetHashCode(), other.GetHashCode());
        Assert.Equal("StuDio.Example.NET", one.ToString());
        Assert.NotEqual(DnsName.Parse("a.b"), DnsName.Parse("a.c"));
        Assert.NotEqual(DnsName.Parse("a.b"), DnsName.Parse("a.b.c"));
        Assert.NotEqual(DnsName.Parse("a\\.b"), DnsName.Parse("a.b"));
    }

    [Fact]
    public void Equality_OfBytesThatLookLikeCase_OnlyCoversLetters()
    {
        Assert.NotEqual(DnsName.Parse("@"), DnsName.Parse("`"));
        Assert.NotEqual(DnsName.Parse("["), DnsName.Parse("{"));
    }

    [Theory]
    [InlineData("a.example.net", "example.net", true)]
    [InlineData("A.EXAMPLE.net", "example.NET", true)]
    [InlineData("example.net", "example.net", true)]
    [InlineData("example.net", "a.example.net", false)]
    [InlineData("badexample.net", "example.net", false)]
    [InlineData("a.example.net", ".", true)]
    public void IsSubdomainOf_Names_GoesByLabels(string name, string ancestor, bool expected)
        => Assert.Equal(expected, DnsName.Parse(name).IsSubdomainOf(DnsName.Parse(ancestor)));

    [Fact]
    public void IsSubdomainOf_LengthOctetThatLooksLikeALabel_IsNotFooled()
    {
        // "\003net" as the end of a longer label has the same bytes as the name "net".
        DnsName tricky = DnsName.Parse("xx\\003net");
        Assert.False(tricky.IsSubdomainOf(DnsName.Parse("net")));
    }

    [Fact]
    public void Structure_OfName_IsReadable()
    {
        DnsName name = DnsName.Parse("studio.alice.example");
        Assert.Equal(3, name.LabelCount);
        Assert.Equal(["studio", "alice", "example"], name.GetLabels());
        Assert.Equal("studio", name.FirstLabel);
        Assert.Equal(DnsName.Parse("alice.example"), name.Parent);
        Assert.Same(DnsName.Root, DnsName.Root.Parent);
        Assert.Equal(DnsName.Parse("_autotunnel._udp.studio.alice.example"), name.PrependLabels("_autotunnel._udp"));
        Assert.Equal("My\\.Mac.studio.alice.example", name.Prepend("My.Mac").ToString());
    }

    [Fact]
    [Trait("rfc", "4034§6.1")]
    public void Order_OfNames_IsCanonical()
    {
        string[] sorted = ["example", "a.example", "yljkjljk.a.example", "Z.a.example", "zABC.a.EXAMPLE", "z.example", "\\001.z.example", "*.z.example", "\\200.z.example"];
        DnsName[] shuffled = [.. sorted.Reverse().Select(DnsName.Parse)];
        Assert.Equal(sorted.Select(DnsName.Parse), shuffled.Order());
    }

    [Fact]
    public void Comparer_WireForm_FindsTheName()
    {
        var names = new Dictionary<DnsName, int>(DnsNameComparer.Instance) { [DnsName.Parse("Studio.example")] = 7 };
        DnsName lower = DnsName.Parse("studio.example");
        Assert.Equal(7, names.GetAlternateLookup<ReadOnlySpan<byte>>()[lower.Wire]);
    }

    [Fact]
    public void Wire_NotOneName_IsRejected()
    {
        Assert.False(DnsName.TryFromWire([], out _));
        Assert.False(DnsName.TryFromWire([1], out _));
        Assert.False(DnsName.TryFromWire([1, (byte)'a'], out _));
        Assert.False(DnsName.TryFromWire([1, (byte)'a', 0, 0], out _));
        Assert.False(DnsName.TryFromWire([0xC0, 0], out _));
        Assert.False(DnsName.TryFromWire([64, .. new byte[64], 0], out _));
        Assert.True(DnsName.TryFromWire([1, (byte)'a', 0], out _));
    }

    [Fact]
    public void Text_RandomNames_RoundTrip()
    {
        var random = new Random(20261123);
        for (int i = 0; i < 5000; i++)
        {
            var wire = new List<byte>();
            for (int labels = random.Next(0, 6); labels > 0; labels--)
            {
                byte[] label = new byte[random.Next(1, 42)];
                random.NextBytes(label);
                wire.Add((byte)label.Length);
                wire.AddRange(label);
            }

            wire.Add(0);
            Assert.True(DnsName.TryFromWire([.. wire], out DnsName? name));
            Assert.Equal(wire, DnsName.Parse(name.ToString()).Wire.ToArray());
        }
    }
}
