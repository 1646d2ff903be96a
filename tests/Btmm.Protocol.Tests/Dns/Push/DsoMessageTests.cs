using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Dso;

namespace Btmm.Protocol.Tests.Dns.Push;

/// <summary>The form of DSO messages (RFC 8490 §5.4, §7).</summary>
public sealed class DsoMessageTests
{
    // id 1, opcode 6, no sections; Keepalive, 8 bytes: 15,000 ms and 3,600,000 ms.
    private static readonly byte[] s_keepalive = Convert.FromHexString("000130000000000000000000" + "00010008" + "00003A98" + "0036EE80");

    [Fact]
    [Trait("rfc", "8490§7.1")]
    public void Keepalive_Vector_IsWrittenAndRead()
    {
        byte[] written = DsoMessages.Keepalive(1, DsoTimeouts.From(TimeSpan.FromSeconds(15), TimeSpan.FromHours(1)), isResponse: false);
        Assert.Equal(s_keepalive, written);
        Assert.Equal(DsoParseError.None, DsoMessageView.TryRead(s_keepalive, out DsoMessageView view));
        Assert.Equal(DsoKind.Request, view.Kind);
        Assert.Equal(new DsoTlv(DsoType.Keepalive, 16, 8), view.Primary);
        Assert.True(DsoTimeouts.TryRead(view.DataOf(view.Primary!.Value), out DsoTimeouts timeouts));
        Assert.Equal(TimeSpan.FromHours(1), timeouts.Keepalive);
    }

    [Fact]
    [Trait("rfc", "8490§7.2.1")]
    public void RetryDelay_Vector_IsUnidirectionalWithItsReason() =>
        Assert.Equal(Convert.FromHexString("000030020000000000000000" + "00020004" + "000003E8"), DsoMessages.RetryDelay(DnsRcode.ServFail, TimeSpan.FromSeconds(1)));

    [Fact]
    [Trait("rfc", "8490§7.2.2")]
    public void Response_WithRetryDelay_Vector() =>
        Assert.Equal(Convert.FromHexString("0007B0050000000000000000" + "00020004" + "000493E0"), DsoMessages.Response(7, DnsRcode.Refused, TimeSpan.FromMinutes(5)));

    [Fact]
    [Trait("rfc", "8490§7.3")]
    public void Response_ToAPaddedRequest_IsPaddedToABlock()
    {
        byte[] response = DsoMessages.Response(7, DnsRcode.NoError, isPadded: true);
        Assert.Equal(DsoMessages.ResponseBlock, response.Length);
        Assert.Equal(DsoParseError.None, DsoMessageView.TryRead(response, out DsoMessageView view));
        Assert.Equal(1, view.Count(DsoType.EncryptionPadding, out DsoTlv padding));
        Assert.All(view.DataOf(padding).ToArray(), value => Assert.Equal(0, value));
    }

    [Fact]
    [Trait("rfc", "8490§6.4.2")]
    [Trait("rfc", "8490§6.5.2")]
    public void Timeouts_AllOnes_AreForEver()
    {
        Assert.Equal(new DsoTimeouts(uint.MaxValue, uint.MaxValue), DsoTimeouts.From(null, null));
        Assert.Null(new DsoTimeouts(uint.MaxValue, 0).Inactivity);
        Assert.Equal(uint.MaxValue - 1, DsoTimeouts.From(TimeSpan.MaxValue, null).InactivityMilliseconds);
    }

    [Theory]
    [Trait("rfc", "8490§8.1")]
    [InlineData(1, false, DsoKind.Request)]
    [InlineData(1, true, DsoKind.Response)]
    [InlineData(0, false, DsoKind.Unidirectional)]
    [InlineData(0, true, DsoKind.Invalid)]
    public void Kind_FollowsFromIdAndResponseBit(int id, bool isResponse, DsoKind expected) =>
        Assert.Equal(expected, DsoMessageView.KindOf(new DnsHeader((ushort)id, DnsHeader.Pack(isResponse ? DnsFlags.Response : 0, DnsOpcode.Dso, 0), 0, 0, 0, 0)));

    [Theory]
    [Trait("rfc", "8490§5.4")]
    [InlineData(5)]
    [InlineData(7)]
    [InlineData(9)]
    [InlineData(11)]
    public void Counts_OtherThanZero_AreAnError(int at)
    {
        byte[] bad = [.. s_keepalive];
        bad[at] = 1;
        Assert.Equal(DsoParseError.HasSections, DsoMessageView.TryRead(bad, out _));
    }

    [Fact]
    [Trait("rfc", "8490§5.4.1")]
    public void ReservedBits_WhenSet_AreIgnored()
    {
        byte[] odd = [.. s_keepalive];
        odd[2] |= 0x07;
        odd[3] |= 0xF0;
        Assert.Equal(DsoParseError.None, DsoMessageView.TryRead(odd, out DsoMessageView view));
        Assert.Equal(DsoKind.Request, view.Kind);
    }

    [Fact]
    [Trait("rfc", "8490§5.4.2")]
    public void Request_WithoutTlv_IsAnErrorButAResponseIsNot()
    {
        Assert.Equal(DsoParseError.NoPrimary, DsoMessageView.TryRead(s_keepalive.AsSpan(0, 12), out _));
        Assert.Equal(DsoParseError.None, DsoMessageView.TryRead(DsoMessages.Response(1, DnsRcode.NoError), out DsoMessageView view));
        Assert.Null(view.Primary);
    }

    [Fact]
    public void Message_CutAnywhere_IsAnError() =>
        Assert.All(Mutations.Truncations(s_keepalive), cut => Assert.NotEqual(DsoParseError.None, DsoMessageView.TryRead(cut, out _)));

    [Fact]
    public void Tlv_ThatOverrunsTheMessage_IsAnError()
    {
        byte[] bad = [.. s_keepalive];
        bad[15] = 9;
        Assert.Equal(DsoParseError.BadTlv, DsoMessageView.TryRead(bad, out _));
        bad[14] = 0xFF;
        Assert.Equal(DsoParseError.BadTlv, DsoMessageView.TryRead(bad, out _));
    }

    [Fact]
    public void Message_ChangedAtRandom_IsReadWithinItsBounds()
    {
        byte[] padded = DsoMessages.Keepalive(3, DsoTimeouts.Default, isResponse: true, isPadded: true);
        foreach (byte[] bad in Mutations.SingleByteChanges(s_keepalive).Concat(Mutations.Random([s_keepalive, padded], 20_000, seed: 8490)))
        {
            if (DsoMessageView.TryRead(bad, out DsoMessageView view) != DsoParseError.None) continue;
            int at = DnsHeader.Size;
            for (; view.TryNext(at, out DsoTlv tlv); at = tlv.End) Assert.Equal(tlv.Length, view.DataOf(tlv).Length);
            Assert.Equal(bad.Length, at);
        }
    }

    [Fact]
    public void Writer_WithoutRoom_WritesNothing()
    {
        var writer = new DsoMessageWriter(new byte[DnsHeader.Size + 6]);
        Assert.False(writer.TryWriteNumbers(DsoType.RetryDelay, 1));
        Assert.Equal(DnsHeader.Size, writer.Length);
        Assert.Equal(0, new DsoMessageWriter(new byte[5]).Finish(1));
    }
}
