using System.Net;
using System.Text;
using Btmm.Core.Contracts;
using Btmm.Core.Node;

namespace Btmm.Core.Tests.Node;

public sealed class HostsBlockTests
{
    private const string Owner = "alice.example.net";
    private const string Existing = "127.0.0.1\tlocalhost\r\n\n# a comment \xe9\n10.0.0.1  router # tail\n";

    private static readonly HostsEntry[] s_entries =
    [
        new(IPAddress.Parse("fd00::1"), "mac.alice.example.net"),
        new(IPAddress.Parse("fd00::2"), "laptop.alice.example.net"),
    ];

    private static readonly string s_block =
        "# BEGIN Btmm alice.example.net\nfd00::1 mac.alice.example.net\nfd00::2 laptop.alice.example.net\n# END Btmm alice.example.net\n";

    [Fact]
    public void Apply_NoBlockYet_AppendsAndKeepsEveryByte()
    {
        Assert.Equal(Existing + s_block, Apply(Existing, s_entries));
        Assert.Equal(s_block, Apply("", s_entries));
        Assert.Equal("127.0.0.1 x\n" + s_block, Apply("127.0.0.1 x", s_entries));
    }

    [Fact]
    public void Apply_BlockThere_ReplacesInPlace()
    {
        string file = Existing + s_block + "10.9.9.9 after\n";
        Assert.Equal(file, Apply(file, s_entries));
        string one = Apply(file, s_entries[..1]);
        Assert.Equal(Existing + "# BEGIN Btmm alice.example.net\nfd00::1 mac.alice.example.net\n# END Btmm alice.example.net\n10.9.9.9 after\n", one);
        Assert.Equal(Existing + "10.9.9.9 after\n", Apply(one, []));
    }

    [Fact]
    public void Apply_OtherOwnersBlock_IsNotTouched()
    {
        string other = s_block.Replace("alice", "bob", StringComparison.Ordinal);
        string longer = s_block.Replace("alice.example.net", "alice.example.net.au", StringComparison.Ordinal);
        string file = other + s_block + longer;
        Assert.Equal(other + longer, Apply(file, []));
    }

    [Fact]
    public void Apply_LineOfSomebodyElseInsideBlock_IsKept()
    {
        string file = "# BEGIN Btmm alice.example.net\nfd00::1 mac.alice.example.net\n10.1.1.1 intruder\nfd00::2 laptop.alice.example.net\n# END Btmm alice.example.net\n";
        Assert.Equal("10.1.1.1 intruder\n", Apply(file, []));
    }

    [Fact]
    public void Apply_EveryTruncationOfBlock_IsRemovedAndRestIsKept()
    {
        for (int length = 0; length <= s_block.Length; length++)
        {
            string file = Existing + s_block[..length];
            string cleaned = Apply(file, []);
            Assert.StartsWith(Existing, cleaned, StringComparison.Ordinal);
            string renewed = Apply(file, s_entries);
            Assert.StartsWith(Existing, renewed, StringComparison.Ordinal);
            Assert.Contains(s_block, renewed, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("mac.alice.example.net\n10.0.0.1 bank.example.com")]
    [InlineData("mac.alice.example.net # x")]
    [InlineData("mac alice.example.net")]
    [InlineData("")]
    public void Apply_NameThatIsNone_IsLeftOut(string name) => Assert.Equal(
        "# BEGIN Btmm alice.example.net\n# END Btmm alice.example.net\n", Apply("", [new HostsEntry(IPAddress.Parse("fd00::1"), name)]));

    [Fact]
    public void Apply_SeveralBlocks_AreMergedIntoTheFirst() =>
        Assert.Equal("a\n" + s_block + "b\n", Apply("a\n" + s_block + "b\n" + s_block, s_entries));

    private static string Apply(string file, IReadOnlyList<HostsEntry> entries) =>
        Encoding.Latin1.GetString(HostsBlock.Apply(Encoding.Latin1.GetBytes(file), Owner, entries));
}
