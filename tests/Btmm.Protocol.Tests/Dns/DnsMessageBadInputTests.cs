using System.Diagnostics;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Tsig;

namespace Btmm.Protocol.Tests.Dns;

public sealed class DnsMessageBadInputTests(ITestOutputHelper output)
{
    private const string Question = "0161000001 0001";

    [Theory]
    [InlineData("", DnsParseError.HeaderTooShort)]
    [InlineData("0000 0000 0000 0000 0000 00", DnsParseError.HeaderTooShort)]
    [InlineData("0000 0000 0001 0000 0000 0000", DnsParseError.CountTooLarge)]
    [InlineData("0000 0000 ffff ffff ffff ffff", DnsParseError.CountTooLarge)]
    [InlineData("0000 0000 0001 0001 0000 0000" + Question, DnsParseError.CountTooLarge)]
    [InlineData("0000 0000 0001 0000 0000 0000 01 61 01 61 00 0001", DnsParseError.Truncated)]
    [InlineData("0000 0000 0001 0000 0000 0000 c00c 0001 0001", DnsParseError.BadName)]
    [InlineData("0000 0000 0000 0001 0000 0000 00 0001 0001 00000000 0005 01020304", DnsParseError.BadData)] // longer than the message
    [InlineData("0000 0000 0000 0001 0000 0000 00 0001 0001 00000000 0003 010203", DnsParseError.BadData)] // too short for A
    [InlineData("0000 0000 0000 0001 0000 0000 00 0001 0001 00000000 0005 0102030405", DnsParseError.BadData)] // too long for A
    [InlineData("0000 0000 0000 0001 0000 0000 00 0001 0001 00000000 0000", DnsParseError.BadData)] // no data in class IN
    [InlineData("0000 0000 0000 0001 0000 0000 00 000c 0001 00000000 0003 016100 ff", DnsParseError.TrailingBytes)]
    [InlineData("0000 0000 0000 0001 0000 0000 00 000c 0001 00000000 0002 016100", DnsParseError.BadData)] // name beyond RDLENGTH
    [InlineData("0000 0000 0000 0001 0000 0000 00 000c 0001 00000000 0004 016100 00", DnsParseError.BadData)] // name short of RDLENGTH
    [InlineData("0000 0000 0000 0001 0000 0000 00 0010 0001 00000000 0000", DnsParseError.BadData)] // TXT without a string
    [InlineData("0000 0000 0000 0001 0000 0000 00 0010 0001 00000000 0003 036161", DnsParseError.BadData)] // TXT string too long
    [InlineData("0000 0000 0000 0000 0000 0001 00 0029 1000 00000000 0004 00010005", DnsParseError.BadData)] // option too long
    [InlineData("0000 0000 0000 0000 0000 0002 00 0029 1000 00000000 0000 00 0029 1000 00000000 0000", DnsParseError.BadOpt)] // two OPT
    [InlineData("0000 0000 0000 0000 0000 0001 016100 0029 1000 00000000 0000", DnsParseError.BadOpt)] // not of the root
    [InlineData("0000 0000 0000 0001 0000 0000 00 0029 1000 00000000 0000", DnsParseError.BadOpt)] // not in Additional
    [InlineData("0000 0000 0000 0000 0000 0001 00 00fa 00ff 00000000 0000", DnsParseError.BadTsig)] // no data
    [InlineData("0000 0000 0000 0000 0000 0001 00 00fa 0001 00000000 0011 00 000000000000 0000 0000 0000 0000 0000", DnsParseError.BadTsig)] // class
    [InlineData("0000 0000 0000 0000 0000 0001 00 00fa 00ff 00000001 0011 00 000000000000 0000 0000 0000 0000 0000", DnsParseError.BadTsig)] // TTL
    [InlineData("0000 0000 0000 0001 0000 0000 00 00fa 00ff 00000000 0011 00 000000000000 0000 0000 0000 0000 0000", DnsParseError.BadTsig)] // section
    [InlineData("0000 0000 0000 0000 0000 0001 00 00fa 00ff 00000000 0011 00 000000000000 0000 0001 0000 0000 0000", DnsParseError.BadData)] // MAC too long
    [InlineData("0000 0000 0000 0000 0000 0002 00 00fa 00ff 00000000 0011 00 000000000000 0000 0000 0000 0000 0000 00 0001 0001 00000000 0004 01020304", DnsParseError.BadTsig)] // not last
    [Trait("rfc", "9267")]
    public void Message_Malformed_IsRejectedWithItsError(string hex, DnsParseError expected)
    {
        Assert.False(DnsMessage.TryParse(Hex.Bytes(hex), out _, out DnsParseError error));
        Assert.Equal(expected, error);
    }

    [Fact]
    public void Message_OfManyRecordsWithLongNames_StaysWithinItsTime()
    {
        // The most expensive message of 64 KB: every owner is a pointer to one 255-byte name.
        string label = "3f" + string.Concat(Enumerable.Repeat("61", 63));
        var bytes = new List<byte>(Hex.Bytes($"0000 0000 0001 1600 0000 0000 {label}{label}{label}3d{string.Concat(Enumerable.Repeat("61", 61))}00 0001 0001"));
        byte[] record = Hex.Bytes("c00c 0063 0001 00000000 0000");
        for (int i = 0; i < 0x1600 - 500; i++) bytes.AddRange(record);
        int count = (bytes.Count - 271) / record.Length;
        bytes[6] = (byte)(count >> 8);
        bytes[7] = (byte)count;
        Assert.True(DnsMessage.TryParse([.. bytes], out DnsMessage? message));
        Assert.Equal(count, message.Answers.Count);
    }

    [Fact]
    public void Parsers_EveryTruncation_AreRejected()
    {
        foreach (byte[] good in Vectors.Messages)
        {
            foreach (byte[] bad in Mutations.Truncations(good))
            {
                Assert.False(DnsMessage.TryParse(bad, out _));
                Assert.Equal(TsigStatus.Malformed, TsigView.Find(bad, out _));
            }
        }
    }

    [Fact]
    public void Parsers_EverySingleByteChange_TakeWithoutException()
    {
        int accepted = 0, all = 0;
        foreach (byte[] bad in Vectors.Messages.Append(DnsMessageTests.EveryKind().ToArray()).SelectMany(Mutations.SingleByteChanges))
        {
            all++;
            if (Exercise(bad)) accepted++;
        }

        output.WriteLine($"{all} changed messages, {accepted} still well-formed");
    }

    [Fact]
    public void Parsers_HundredThousandMutations_TakeWithoutException()
    {
        const int Seed = 11235;
        var watch = Stopwatch.StartNew();
        byte[][] good = [.. Vectors.Messages, DnsMessageTests.EveryKind().ToArray()];
        int accepted = Mutations.Random(good, 100_000, Seed).Count(Exercise);
        output.WriteLine($"seed {Seed}: {accepted} of 100000 still well-formed, {watch.Elapsed}");
    }

    /// <summary>Parses; what parses must be writable and parse again to the same.</summary>
    private static bool Exercise(byte[] bad)
    {
        TsigStatus tsig = TsigView.Find(bad, out _);
        if (!DnsMessage.TryParse(bad, out DnsMessage? message)) return false;
        Assert.Equal(message.Tsig is null ? TsigStatus.NotSigned : TsigStatus.Valid, tsig);
        Assert.NotEmpty(message.ToString());
        Assert.True(DnsMessage.TryParse(message.ToArray(), out DnsMessage? again));
        Assert.True(DnsMessageTests.AreEqual(message, again));
        return true;
    }
}
